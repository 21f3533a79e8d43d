"""Random histories of a company, as a Hypothesis state machine; they shrink when one goes wrong.

Rules are what people, networks and machines do (:mod:`tests.sync.actions`,
:mod:`tests.sync.world`); in the end of every history everybody syncs until it is quiet and
:mod:`tests.sync.oracle` judges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from crmdesk.domain.errors import UserError
from crmdesk.hq.administration import admin
from tests.sync.actions import ACTIONS, HQ_ACTIONS
from tests.sync.oracle import check_world
from tests.sync.virtual import TROUBLES, Trouble
from tests.sync.world import PEERS, Stage, World

STEPS = 20
Step = tuple[str, str, int, int, int]
"""Who does what, and three numbers that choose among what is there."""

_YEARS_MS = 3_652 * 24 * 3_600_000

_who = st.sampled_from(sorted(PEERS))
_small = st.integers(0, 7)
_nth = st.sampled_from([1, 1, 1, 2, 3])
_paths = st.sampled_from(["push", "push", "pull", "pull", "snapshot", "token", ""])
_COMMON = ("edit_account", "edit_contact", "edit_terms", "several", "add_note", "add_contact")
_DOCUMENTS = ("draft_order", "submit_order", "submit_order", "move_order", "edit_draft", "sale")


def _steps(names: Sequence[str], most: int = 4) -> st.SearchStrategy[list[Step]]:
    one = st.tuples(_who, st.sampled_from(sorted(names)), _small, _small, _small)
    return st.lists(one, min_size=1, max_size=most)


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

    def _do(self, steps: Sequence[Step]) -> None:
        for who, name, a, b, c in steps:
            self.world.act(who, ACTIONS[name], a, b, c)

    @rule(steps=_steps(list(ACTIONS)))
    @_remembers
    def work(self, steps: list[Step]) -> None:
        self._do(steps)

    @rule(steps=_steps(_COMMON))
    @_remembers
    def edit(self, steps: list[Step]) -> None:
        self._do(steps)

    @rule(steps=_steps(_DOCUMENTS))
    @_remembers
    def sell(self, steps: list[Step]) -> None:
        self._do(steps)

    @rule(name=st.sampled_from(sorted(HQ_ACTIONS)), a=_small, b=_small)
    @_remembers
    def at_hq(self, name: str, a: int, b: int) -> None:
        self.world.act_at_hq(HQ_ACTIONS[name], a, b)

    @rule(a=_small, b=_small)
    @_remembers
    def reassign(self, a: int, b: int) -> None:
        self.world.act_at_hq(HQ_ACTIONS["hq_reassign"], a, b)

    @rule(who=st.lists(_who, min_size=1, max_size=4))
    @_remembers
    def sync(self, who: list[str]) -> None:
        for name in who:
            self.world.sync(name)

    @rule(steps=_steps(list(ACTIONS)), kind=st.sampled_from(TROUBLES), path=_paths, nth=_nth,
          at=st.integers(0, 400), meanwhile=_steps(_COMMON, 2))  # fmt: skip
    @_remembers
    def sync_in_trouble(
        self, steps: list[Step], kind: str, path: str, nth: int, at: int, meanwhile: list[Step]
    ) -> None:
        self._do(steps)
        action = (lambda: self._do(meanwhile)) if kind == "meanwhile" else None
        at = at % 40 if kind == "server-dies" else at
        self.world.sync(steps[0][0], Trouble(kind, path, nth, at, action))

    @rule(steps=_steps(list(ACTIONS)), statement=st.integers(1, 120))
    @_remembers
    def crash(self, steps: list[Step], statement: int) -> None:
        self._do(steps)
        self.world.crash_during_sync(steps[0][0], statement)

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

    @rule(chance=st.integers(0, 7))
    @_remembers
    def hq_backup(self, chance: int) -> None:
        if chance == 0:
            self.world.restore_hq()
        elif chance > 4:
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
        if chance or peer.ended:
            return
        try:
            admin.end_device(self.stage.store, peer.fact("device.prefix"), "retired")
        except UserError:
            # Its last round reached HQ, and the answer got lost: the admin is told, not the laptop.
            assert (
                self.world.one("SELECT status FROM hq_device WHERE device_id = %s", peer.device)
                == "retired"
            )

    @rule(chance=st.integers(0, 5))
    @_remembers
    def everybody_rests(self, chance: int) -> None:
        if chance == 0:
            self.world.rest()
            check_world(self.world)

    def teardown(self) -> None:
        try:
            self.tally["histories"] += 1
            if not self.broken:
                self.world.rest()
                check_world(self.world, files=self.world.time.ms % 4 == 0)
        finally:
            self.world.close()


def run(
    stage: Stage, tally: Counter[str], *, histories: int, number: int, shrink: bool = True
) -> None:
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
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
    )
    run_state_machine_as_test(seed(number)(Histories), settings=how)
