"""Random histories in which laptops sync by files as well as over the network, and end equal."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from crmdesk.domain.errors import Refused, Unreachable, UserError
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.running.filesync import answer_file
from crmdesk.sync.filesync import export, take
from tests.sync.actions import ACTIONS, HQ_ACTIONS
from tests.sync.machine import STEPS, Histories, Step, _remembers, _small, _steps, _who
from tests.sync.world import Finding, Stage

pytestmark = [pytest.mark.hq, pytest.mark.slow, pytest.mark.timeout(1200)]

HISTORIES = int(os.environ.get("CRMDESK_FILE_HISTORIES", "20"))
SEED = int(os.environ.get("CRMDESK_SEED", "20261126"))
SHRINK = os.environ.get("CRMDESK_SHRINK", "1") == "1"
_names = (f"file_stage_{n}" for n in itertools.count(1))


_MOVES = ("work", "work", "sync", "ask", "ask", "answer", "answer", "answer", "take", "take",
          "reassign")  # fmt: skip
_WORK = ("edit_account", "add_note", "edit_contact", "delete_row", "submit_order", "several",
         "add_telephone", "edit_terms")  # fmt: skip


@pytest.fixture(scope="module")
def stage(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The company and its laptops, for histories."""
    folder = tmp_path_factory.mktemp("stage")
    made = Stage(postgres.url("postgres"), postgres.url(next(_names)), folder)
    yield made
    made.dispose()


class FileHistories(Histories):
    """Any mixture of file and network rounds: files lost, repeated, late, out of order.

    How devices end by file has tests of its own.
    """

    revoke = None  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count()
        self.asked: list[Path] = []
        self.answers: list[tuple[str, Path]] = []

    @rule(moves=st.lists(st.tuples(st.sampled_from(_MOVES), _who, _small), min_size=4, max_size=12))
    @_remembers
    def letters(self, moves: list[tuple[str, str, int]]) -> None:
        """Files on their ways, with work and network rounds between."""
        for move, who, which in moves:
            if move == "work":
                self._do([(who, _WORK[which % len(_WORK)], which, which // 2, which // 3)])
            elif move == "sync":
                self.world.sync(who)
            elif move == "reassign":
                self.world.act_at_hq(HQ_ACTIONS["hq_reassign"], which, which // 2)
            elif move == "ask":
                self._ask(who)
            elif move == "answer":
                self._answer(which)
            else:
                self._take(which)

    @rule(steps=_steps(list(ACTIONS)), which=_small)
    @_remembers
    def round_by_file(self, steps: list[Step], which: int) -> None:
        """There and back without anything between."""
        self._there_and_back(steps, which)

    # The other rules are many: files are to be on their way in most histories.
    @rule(steps=_steps(list(ACTIONS)), which=_small)
    @_remembers
    def another_round_by_file(self, steps: list[Step], which: int) -> None:
        """The same once more, for its share of the steps."""
        self._there_and_back(steps, which)

    @rule(steps=_steps(list(ACTIONS)), which=_small)
    @_remembers
    def one_more_round_by_file(self, steps: list[Step], which: int) -> None:
        """The same once more, for its share of the steps."""
        self._there_and_back(steps, which)

    def _there_and_back(self, steps: list[Step], which: int) -> None:
        self._do(steps)
        before = len(self.answers)
        self._ask(steps[0][0])
        self._answer(which % 2 * 8)
        if len(self.answers) > before:
            self._take(0)

    def _ask(self, who: str) -> None:
        peer = self.world.peers[who]
        if not peer.ended:
            file = self.world.folder / f"{next(self.numbers)}.{who}"
            export(peer.database, file)
            self.asked.append(file)

    def _answer(self, which: int) -> None:
        """HQ takes one of the files there are, an old one perhaps, perhaps again."""
        if not self.asked:
            return
        file, most = self.asked[-1 - which // 2 % len(self.asked)], 10**7 if which % 2 else 1
        out = file.with_name(f"{next(self.numbers)}.answer")
        try:
            answer_file(self.world.hq, file, out, most_bytes=most)
        except UserError:
            # A snapshot does not fit into one byte.
            if most > 1:
                raise
            return
        except Refused as error:
            self._check_refused(file.suffix[1:], error)
            return
        self.tally["files answered"] += 1
        self.answers.append((file.suffix[1:], out))

    def _check_refused(self, who: str, error: Refused) -> None:
        status = self.world.one(
            "SELECT status FROM hq_device WHERE device_id = %s",
            self.world.peers[who].fact("device.uid"),
        )
        if status == "active":
            raise Finding(f"HQ did not take a file of {who}: {error}")

    def _take(self, which: int) -> None:
        """A laptop takes one of its answers, an old one perhaps, perhaps again."""
        if not self.answers:
            return
        who, file = self.answers[-1 - which % len(self.answers)]
        peer = self.world.peers[who]
        if peer.ended:
            return
        try:
            taken = take(peer.database, file)
        except (Refused, UserError, Unreachable) as error:
            self.tally[f"file not taken: {error.code}"] += 1
        else:
            self.tally[f"file {taken.news}"] += 1
        peer.note_accepted()


def test_any_mixture_of_file_and_network_rounds_ends_equal(stage: Stage) -> None:
    tally: Counter[str] = Counter()
    print(f"seed {SEED}, {HISTORIES} histories")  # noqa: T201
    FileHistories.stage, FileHistories.tally = stage, tally
    how = settings(
        max_examples=HISTORIES, stateful_step_count=STEPS, database=None, deadline=None,
        print_blob=True, report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
    )  # fmt: skip
    try:
        run_state_machine_as_test(seed(SEED)(FileHistories), settings=how)
    finally:
        print(dict(sorted(tally.items())))  # noqa: T201
    # Not an empty run: files went there and back in most histories, some brought news.
    assert tally["files answered"] > 2 * HISTORIES and tally["file taken"] > 0
    assert tally["file passed"] > 0
