"""Random histories of a company, as a Hypothesis state machine; they shrink when one goes wrong.

Rules are what people, networks and machines do (:mod:`tests.sync.actions`,
:mod:`tests.sync.world`); in the end of every history everybody syncs until it is quiet and
:mod:`tests.sync.oracle` judges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from crmdesk.hq import admin
from tests.sync.actions import ACTIONS, HQ_ACTIONS
from tests.sync.oracle import check_world
from tests.sync.virtual import TROUBLES, Trouble
from tests.sync.world import PEERS, Stage, World

STEPS = 24
_YEARS_MS = 3_652 * 24 * 3_600_000

_who = st.sampled_from(sorted(PEERS))
_small = st.integers(0, 7)
_paths = st.sampled_from(["push", "pull", "pull", "snapshot", "token", ""])
_local = st.sampled_from(sorted(ACTIONS))
_common = st.sampled_from(["edit_account", "edit_contact", "edit_terms", "several", "add_note"])
_documents = st.sampled_from(["draft_order", "submit_order", "move_order", "edit_draft"])


def _remembers(step: Callable[..., None]) -> Callable[..., None]:
    """A history in which a step itself failed is not judged again at its end."""

    @wraps(step)
    def stepped(self: Histories, *args: Any, **kwargs: Any) -> None:
        self.broken = True
        step(self, *args, **kwargs)
        self.broken = False

    return stepped


class Histories(RuleBasedStateMachine):
    """One history; ``stage`` and ``tally`` are set by whoever runs it."""

    stage: ClassVar[Stage]
    tally: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.stage, self.tally)
        self.broken = False

    @rule(who=_who, name=_local, a=_small, b=_small, c=_small)
    @_remembers
    def do(self, who: str, name: str, a: int, b: int, c: int) -> None:
        self.world.act(who, ACTIONS[name], a, b, c)

    @rule(who=_who, name=_common, a=_small, b=_small, c=_small)
    @_remembers
    def edit(self, who: str, name: str, a: int, b: int, c: int) -> None:
        self.world.act(who, ACTIONS[name], a, b, c)

    @rule(who=_who, name=_documents, a=_small, b=_small, c=_small)
    @_remembers
    def document(self, who: str, name: str, a: int, b: int, c: int) -> None:
        self.world.act(who, ACTIONS[name], a, b, c)

    @rule(name=st.sampled_from(sorted(HQ_ACTIONS)), a=_small, b=_small)
    @_remembers
    def at_hq(self, name: str, a: int, b: int) -> None:
        self.world.act_at_hq(HQ_ACTIONS[name], a, b)

    @rule(a=_small, b=_small)
    @_remembers
    def reassign(self, a: int, b: int) -> None:
        self.world.act_at_hq(HQ_ACTIONS["hq_reassign"], a, b)

    @rule(who=_who)
    @_remembers
    def sync(self, who: str) -> None:
        self.world.sync(who)

    @rule(who=_who, kind=st.sampled_from(TROUBLES), path=_paths, nth=st.integers(1, 3),
          at=st.integers(0, 400), other=_who, name=_common, a=_small, c=_small)  # fmt: skip
    @_remembers
    def sync_in_trouble(
        self, who: str, kind: str, path: str, nth: int, at: int, other: str, name: str, a: int,
        c: int,
    ) -> None:  # fmt: skip
        meanwhile = kind == "meanwhile"
        action = (lambda: self.world.act(other, ACTIONS[name], a, c, c)) if meanwhile else None
        if kind == "server-dies":
            at %= 40
        self.world.sync(who, Trouble(kind, path, nth, at, action))

    @rule(who=_who, statement=st.integers(1, 160))
    @_remembers
    def crash(self, who: str, statement: int) -> None:
        self.world.crash_during_sync(who, statement)

    @rule(who=_who, which=_small)
    @_remembers
    def an_old_request_arrives(self, who: str, which: int) -> None:
        self.world.replay(who, which)

    @rule(who=_who, restore=st.booleans(), which=_small)
    @_remembers
    def laptop_backup(self, who: str, restore: bool, which: int) -> None:
        if restore:
            self.world.restore(who, which)
        else:
            self.world.back_up(who)

    @rule(restore=st.booleans())
    @_remembers
    def hq_backup(self, restore: bool) -> None:
        if restore:
            self.world.restore_hq()
        else:
            self.world.save_hq()

    @rule(who=_who, tenths=st.integers(-10, 10))
    @_remembers
    def clock_jumps(self, who: str, tenths: int) -> None:
        self.world.peers[who].clock.offset_ms = _YEARS_MS * tenths // 10
        self.world.tally["fault clock jumped"] += 1

    @rule(minutes=st.sampled_from([1, 20, 1_000]))
    @_remembers
    def time_passes(self, minutes: int) -> None:
        self.world.time.pass_by(minutes * 60_000)

    @rule(who=st.sampled_from(["north2", "south"]), chance=st.integers(0, 3))
    @_remembers
    def revoke(self, who: str, chance: int) -> None:
        peer = self.world.peers[who]
        if chance == 0 and not peer.ended:
            admin.end_device(self.stage.store, peer.fact("device.prefix"), "retired")

    @rule()
    @_remembers
    def everybody_rests(self) -> None:
        self.world.rest()
        check_world(self.world)

    def teardown(self) -> None:
        try:
            self.tally["histories"] += 1
            if not self.broken:
                self.world.rest()
                check_world(self.world, files=self.tally["histories"] % 5 == 0)
        finally:
            self.world.close()


def run(stage: Stage, tally: Counter[str], *, histories: int, number: int) -> None:
    """Tell ``histories`` histories from a seed; raises the smallest one that goes wrong."""
    Histories.stage, Histories.tally = stage, tally
    how = settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(seed(number)(Histories), settings=how)
