"""The long run: thousands of random histories and hundreds of kills, by one command.

    python -m tests.sync.long --histories 2000 --kills 500 [--seed N] [--jobs N] [--shrink]

Prints what happened and with which seeds; ends with 1 when anything was found. A part that went
wrong is told again, and shrunk, by its own seed with ``--shrink``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from crmdesk.hq.database.embedded import Cluster, installed_programs
from tests.sync import crowd, kills, machine
from tests.sync.oracle import check_world
from tests.sync.world import Stage, World

PART, KILLS_PART, POSTGRES_PART = 25, 10, 5
"""Histories told from one seed; kills of laptops and servers, and of PostgreSQL, likewise."""

_POSTGRES_SHARE, _SERVER_SHARE = 0.06, 0.25
_ROOT = Path(__file__).resolve().parents[2]
# A kill of a process loses nothing that is in memory; the disks of small machines are slow.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@contextmanager
def cluster(*, durable: bool) -> Iterator[Cluster]:
    """A PostgreSQL of this process's own."""
    programs = sorted(installed_programs(), key=lambda p: not str(p.folder).startswith("/usr"))
    place = None if durable else _MEMORY
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-hq-tests-", dir=place))
    made = Cluster(folder, programs=programs, durable=durable)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


_names = (f"stage_{n}" for n in itertools.count(1))


@contextmanager
def stage_on(found: Cluster) -> Iterator[Stage]:
    """The company and its laptops on a cluster."""
    with tempfile.TemporaryDirectory(prefix="crmdesk-laptops-", dir=_MEMORY) as folder:
        stage = Stage(found.url("postgres"), found.url(next(_names)), Path(folder))
        try:
            yield stage
        finally:
            stage.dispose()


Part = tuple[Callable[[Stage, int, int], Callable[[], None]], Stage, int, int]
"""What to do, where, from which seed, how often."""


def _mixed(*kinds: Sequence[Part]) -> list[Part]:
    """Parts of every kind evenly spread, so that a run that is cut short has some of each."""
    placed = [
        ((number + 0.5) / len(parts), kind, part)
        for kind, parts in enumerate(kinds)
        for number, part in enumerate(parts)
    ]
    return [part for _place, _kind, part in sorted(placed, key=lambda p: p[:2])]


class Run:
    """One process's share of the run: what it counted, what it found."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.tally: Counter[str] = Counter()
        self.findings: list[str] = []
        self.seeds: list[str] = []
        self._chosen = chosen
        self._part, self._parts = (int(n) for n in chosen.part.split("/"))
        self._until = time.monotonic() + 60 * chosen.minutes
        self._cluster: Cluster | None = None

    def go(self) -> None:
        """Everything that falls to this process, or as much of it as there is time for."""
        chosen = self._chosen
        dead = round(chosen.kills * _POSTGRES_SHARE)
        shares = list(self._shares(dead, POSTGRES_PART))
        if shares:
            with cluster(durable=True) as found, stage_on(found) as stage:
                self._cluster = found
                self._all([(self.postgres_kills, stage, *part) for part in shares])
        with cluster(durable=False) as found, stage_on(found) as stage:
            kills = self._shares(chosen.kills - dead, KILLS_PART)
            self._all(
                _mixed(
                    [(self.histories, stage, *part) for part in self._shares(chosen.histories)],
                    [(self.kills, stage, *part) for part in kills],
                    [(self.crowd, stage, *part) for part in self._shares(chosen.crowds, 1)],
                )
            )

    def _all(self, parts: Sequence[Part]) -> None:
        for how, stage, seed, count in parts:
            if time.monotonic() > self._until:
                return
            self._guarded(f"{how.__name__} --seed {seed}, {count}", how(stage, seed, count))
            self.write()

    def write(self) -> None:
        """What was counted and found until now, for the process that began this one."""
        found = {"tally": self.tally, "findings": self.findings, "seeds": self.seeds}
        self._chosen.report.write_text(json.dumps(found), encoding="utf-8")

    def _shares(self, total: int, size: int = 0) -> Iterator[tuple[int, int]]:
        """Seeds and counts of this process's parts."""
        size = size or PART
        for index in range(-(-total // size)):
            if index % self._parts == self._part:
                yield self._chosen.seed + index, min(size, total - index * size)

    def _guarded(self, what: str, how: Callable[[], None]) -> None:
        self.seeds.append(what)
        started, word = time.monotonic(), "ok"
        try:
            how()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            word = "found something"
            self.findings.append(f"{what}\n{''.join(traceback.format_exception(error))[-6000:]}")
        print(f"[{self._part}] {what}: {time.monotonic() - started:.0f} s, {word}", flush=True)

    def histories(self, stage: Stage, seed: int, count: int) -> Callable[[], None]:
        """Random histories from one seed."""
        return lambda: machine.run(
            stage, self.tally, histories=count, number=seed, shrink=self._chosen.shrink
        )

    def kills(self, stage: Stage, seed: int, count: int) -> Callable[[], None]:
        """Kills of laptops and servers, with the oracle after each."""

        def how() -> None:
            rng = random.Random(seed)
            while count > 0:
                with self._world(stage) as world:
                    for _again in range(5):
                        self._one_kill(world, rng)
                    if self.tally["kills of this part"] >= count:
                        self.tally["kills of this part"] = 0
                        return

        return how

    def _one_kill(self, world: World, rng: random.Random) -> None:
        name = kills.work(world, rng)
        if rng.random() < _SERVER_SHARE:
            killed = kills.kill_server(world, name, rng.randint(1, 45))
        else:
            killed = kills.kill_laptop(world, name, rng.randint(1, 90))
        world.rest()
        check_world(world, files=True)
        self.tally["kills of this part"] += killed

    def postgres_kills(self, stage: Stage, seed: int, count: int) -> Callable[[], None]:
        """Kills of PostgreSQL, with the oracle after each."""

        def how() -> None:
            found, rng = self._cluster, random.Random(seed)
            assert found is not None
            with self._world(stage) as world:
                for _kill in range(count):
                    name = kills.work(world, rng)
                    kills.kill_postgres(world, found, name, rng.random() * 0.06)
                    world.rest()
                    check_world(world, files=True)

        return how

    def crowd(self, stage: Stage, seed: int, _count: int) -> Callable[[], None]:
        """Everybody at once over HTTP, two servers, a long open transaction."""

        def how() -> None:
            with self._world(stage) as world:
                crowd.run(world, random.Random(seed))
                world.rest()
                check_world(world, files=True)

        return how

    @contextmanager
    def _world(self, stage: Stage) -> Iterator[World]:
        world = World(stage, self.tally)
        try:
            yield world
        finally:
            world.close()


def main(arguments: list[str] | None = None) -> int:
    """Tell histories, kill processes, print the counts; 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.sync.long", description=main.__doc__)
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--crowds", type=int, default=4, help="runs with everybody at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="begin nothing after that")
    parser.add_argument("--shrink", action="store_true", help="look for the smallest history")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.part:
        # Ended from outside, a process still stops its PostgreSQL.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        # What HQ logs while its PostgreSQL is being killed is not news here.
        logging.getLogger("crmdesk").setLevel(logging.CRITICAL + 1)
        one = Run(chosen)
        one.go()
        one.write()
        return 0
    return _all(chosen)


def _all(chosen: argparse.Namespace) -> int:
    started = time.monotonic()
    tally: Counter[str] = Counter()
    findings: list[str] = []
    seeds: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        reports = [Path(folder) / f"{n}.json" for n in range(chosen.jobs)]
        given = [f"--{name}={getattr(chosen, name)}" for name in
                 ("histories", "kills", "crowds", "seed", "minutes")]  # fmt: skip
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.sync.long", *given, f"--part={n}/{chosen.jobs}",
                 f"--report={report}", *(["--shrink"] if chosen.shrink else [])], cwd=_ROOT,
            )
            for n, report in enumerate(reports)
        ]  # fmt: skip
        for process, report in zip(processes, reports, strict=True):
            if process.wait() != 0:
                findings.append("a process of the run ended badly")
            if not report.exists():
                continue
            found = json.loads(report.read_text(encoding="utf-8"))
            tally.update(found["tally"])
            findings += found["findings"]
            seeds += found["seeds"]
    tally.pop("kills of this part", None)
    for name, count in sorted(tally.items()):
        print(f"{count:>9}  {name}")
    print(f"{sum(c for name, c in tally.items() if name.startswith('kills')):>9}  kills in all")
    for told in sorted(seeds):
        print(f"           {told}")
    print(f"{len(seeds)} parts in {time.monotonic() - started:.0f} s, {len(findings)} findings")
    for finding in findings:
        print(f"\nFOUND {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
