"""Taking a push: each client transaction wholly in or out, each op answered once and for all.

The answers are stored with the changes in one transaction, so a retry is told the same. All
transactions of a request are judged and written together; only where PostgreSQL itself objects
(a row that another push has just taken) are they halved until the one at fault stands alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import psycopg
from msgspec import structs
from psycopg import errors

from crmdesk.domain.clock import Clock, format_instant
from crmdesk.domain.errors import EnvironmentProblem, Refused
from crmdesk.hq.access import auth, quarantine
from crmdesk.hq.database import feed, images
from crmdesk.hq.database.company_day import company_day
from crmdesk.hq.database.copying import append
from crmdesk.hq.database.scopes import Principal
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.exchange import bounds, forgetting
from crmdesk.hq.exchange.credit import read_credit
from crmdesk.hq.exchange.following import Following
from crmdesk.hq.exchange.giving import office_people
from crmdesk.hq.exchange.judging import Ground, Judge, Verdict, candidate_uniques
from crmdesk.hq.exchange.order_steps import decided_orders, using_credit
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES, SCHEMA_VERSION
from crmdesk.sync.clock import corrected_hlc
from crmdesk.sync.merge import RefusedOp, Writer
from crmdesk.sync.protocol import (
    LATER,
    MAX_PUSH_OPS,
    Answer,
    Op,
    PushRequest,
    PushResponse,
    Txn,
    op_hash,
)
from crmdesk.sync.versions import for_schema

_ATTEMPTS = 5
_PATIENCE_S = 20.0
"""After so long no further half is tried: what has no answer is sent again."""

_NOBODY = "00000000000000000000000000000000"
_LOST = {"missing", "missing-reference"}
_REASONS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (images.StillNeeded, "still-needed"),
    (errors.UniqueViolation, "duplicate"),
    (errors.ForeignKeyViolation, "missing-reference"),
    (psycopg.IntegrityError, "invalid"),
    (psycopg.DataError, "invalid"),
    (errors.ProgramLimitExceeded, "invalid"),
    (errors.StatementTooComplex, "invalid"),
)
_AT_FAULT = tuple(kind for kind, _code in _REASONS)


def push(store: Store, who: Principal, request: PushRequest, clock: Clock) -> PushResponse:
    """Answer every op of a request. Refused: wrong epoch, too many ops, a cloned device."""
    if request.epoch != who.epoch:
        raise _restored()
    if sum(len(txn.ops) for txn in request.txns) > MAX_PUSH_OPS * 2:
        raise Refused(_("The request is too large for HQ."), code="too-large")
    now_ms = int(clock.now().timestamp() * 1000)
    # The feed takes the changes up when somebody asks for news: a push does not wait for it.
    return PushResponse(_retried(store, who, request, now_ms), request.epoch, now_ms)


def _restored() -> Refused:
    return Refused(_("HQ was restored from a backup."), code="epoch")


def _retried(store: Store, who: Principal, request: PushRequest, now_ms: int) -> list[Answer]:
    for attempt in range(_ATTEMPTS):
        try:
            with store.transaction() as connection:
                return _Push(connection, who, request, now_ms).answers()
        except (errors.DeadlockDetected, errors.SerializationFailure):
            time.sleep(0.01 * 2**attempt)
        except _ClonedDevice:
            _stop_clone(store, who)
            auth.check_status("cloned")
    raise EnvironmentProblem(_("HQ is too busy."), _("The changes will be sent again."))


def judge_and_write(
    connection: HqConnection, who: Principal, txns: Sequence[Txn], now_ms: int
) -> dict[int, Answer]:
    """Judge and write transactions that did not come from a device, in this transaction."""
    request = PushRequest(0, "", now_ms, list(txns), SCHEMA_VERSION)
    one = _Push(connection, who, request, now_ms)
    answers = one.judged(txns)
    one.forget_erased()
    return answers


class _ClonedDevice(Exception):
    """A sequence number came again with other content."""


def _stop_clone(store: Store, who: Principal) -> None:
    with store.transaction() as connection:
        connection.execute(
            "UPDATE hq_device SET status = 'cloned' WHERE device_id = %s", (who.device,)
        )
        auth.audit(connection, "cloned-device", user=who.user, device=who.device)


def _document(fields: msgspec.Raw) -> str | None:
    text = bytes(fields).decode()
    return None if text == "null" else text


class _Push:
    def __init__(
        self, connection: HqConnection, who: Principal, request: PushRequest, now_ms: int
    ) -> None:
        self._connection = connection
        self._who = who
        self._request = request
        self._now_ms = now_ms
        self._writer = Writer(who.user, who.role, who.territories)
        now = format_instant(datetime.fromtimestamp(now_ms / 1000, UTC))
        self._following = Following(connection, who, now)
        self._erased: set[tuple[str, str]] = set()
        self._leaving = False
        self._until_s = time.monotonic() + _PATIENCE_S

    def answers(self) -> list[Answer]:
        """The answers in the order of the ops; those for which there was no time are left out."""
        self._lock_device()
        hashes = {op.seq: op_hash(op) for txn in self._request.txns for op in txn.ops}
        known = self._stored(hashes)
        fresh = [t for t in self._request.txns if any(op.seq not in known for op in t.ops)]
        if fresh:
            found = self._held(fresh) if self._leaving else self.judged(fresh)
            self._store(found, hashes)
            known.update(found)
            self.forget_erased()
        return [known[op.seq] for txn in self._request.txns for op in txn.ops if op.seq in known]

    def _held(self, txns: Sequence[Txn]) -> dict[int, Answer]:
        return quarantine.hold(self._connection, self._who.device, self._who.user, txns)

    def _lock_device(self) -> None:
        # One push per device at a time: a retry waits for the request it repeats. The epoch is
        # read behind this lock: HQ may have been restored since the caller was looked up.
        row = self._connection.execute(
            "UPDATE hq_device SET last_seen_at = now(), clock_offset_ms = %s WHERE device_id = %s"
            " RETURNING (SELECT value FROM hq_state WHERE key = 'epoch'), status",
            (self._now_ms - self._request.clock, self._who.device),
        ).fetchone()
        if row is None or row[0] != self._request.epoch:
            raise _restored()
        # So is its status: nothing is taken from a device that has just been ended.
        auth.check_status(row[1], leaving=True)
        self._leaving = row[1] == "retiring"

    def _stored(self, hashes: dict[int, bytes]) -> dict[int, Answer]:
        rows = self._connection.execute(
            "SELECT seq, hash, answer FROM op_result WHERE device_id = %s AND seq = ANY(%s)",
            (self._who.device, list(hashes)),
        )
        found = {}
        for seq, known, answer in rows:
            if bytes(known) != hashes[seq]:
                raise _ClonedDevice
            found[int(seq)] = msgspec.json.decode(answer, type=Answer)
        return found

    def _store(self, answers: dict[int, Answer], hashes: dict[int, bytes]) -> None:
        append(
            self._connection,
            "op_result",
            ("device_id", "seq", "hash", "answer"),
            [
                (
                    self._who.device,
                    seq,
                    f"\\x{hashes[seq].hex()}",
                    msgspec.json.encode(one).decode(),
                )
                for seq, one in answers.items()
                if one.status != LATER
            ],
        )

    def judged(self, txns: Sequence[Txn]) -> dict[int, Answer]:
        """Answers by sequence number, after the accepted changes have been written."""
        try:
            with self._connection.transaction():
                verdict = self._judge(txns)
                self._put_off(verdict, txns)
                self._write(verdict)
                self._following.write(verdict, txns)
        except _AT_FAULT as error:
            if len(txns) == 1:
                return self._refused_by_database(txns[0], error)
            middle = len(txns) // 2
            found = self.judged(txns[:middle])
            if time.monotonic() < self._until_s:
                found |= self.judged(txns[middle:])
            return found
        self._add_rows(verdict)
        self._name_rivals(verdict)
        return verdict.answers

    def _refused_by_database(self, txn: Txn, error: psycopg.Error) -> dict[int, Answer]:
        code = next(code for kind, code in _REASONS if isinstance(error, kind))
        sentences = {
            "still-needed": _("Others at HQ refer to this, or it refers to something deleted."),
            "duplicate": _("HQ has another row with the same number or code."),
            "missing-reference": _("Something this refers to is not at HQ."),
            "invalid": _("HQ cannot take these values."),
        }
        ground = Ground({}, {}, {})
        # Values that PostgreSQL cannot even look up tell us nothing about the rows.
        with suppress(*_AT_FAULT), self._connection.transaction():
            ground = self._ground([txn])
        judge = Judge(ground, self._writer, self._hlc)
        judge.refuse(txn, txn.ops[0], RefusedOp(code, sentences[code]))
        self._put_off(judge.verdict, [txn])
        self._add_rows(judge.verdict)
        return judge.verdict.answers

    def _put_off(self, verdict: Verdict, txns: Sequence[Txn]) -> None:
        """After a restore, what builds on something that HQ has lost is not refused yet.

        Whoever wrote that may still offer it again. Work that HQ had taken once also waits for a
        customer to be given back to whom it had been moved.
        """
        again = self._request.again
        if not again:
            return
        for txn in txns:
            codes = {verdict.answers[op.seq].code for op in txn.ops if op.seq in verdict.answers}
            before = all(op.seq <= again for op in txn.ops)
            if codes & _LOST or (before and "scope" in codes):
                for op in txn.ops:
                    verdict.answers[op.seq] = Answer(op.seq, LATER)

    def _hlc(self, hlc: int) -> int:
        return corrected_hlc(hlc, self._request.clock, self._now_ms)

    def _judge(self, txns: Sequence[Txn]) -> Verdict:
        judge = Judge(self._ground(txns), self._writer, self._hlc)
        for txn in txns:
            judge.judge(txn)
        return judge.verdict

    def _ground(self, txns: Sequence[Txn]) -> Ground:
        ops = [op for txn in txns for op in txn.ops]
        uids: dict[str, set[str]] = {}
        for op in ops:
            if op.entity in ENTITIES and op.op != "C" and auth.is_uid(op.uid):
                uids.setdefault(op.entity, set()).add(op.uid)
        decided = decided_orders(txns)
        if decided:
            uids.setdefault("order", set()).update(decided)
        on_credit = using_credit(txns)
        buyers = {op.account for op in on_credit if op.account and auth.is_uid(op.account)}
        if on_credit:
            orders = decided | {op.uid for op in on_credit if op.entity == "order"}
            buyers |= images.accounts_of_rows(self._connection, {"order": orders})
        # Two offices that accept orders of one customer do it one after the other: the limit holds.
        edited = uids.get("account", set()) | buyers
        moving = {op.uid for op in ops if op.uid in edited and bounds.may_say(op, b"territory_id")}
        claimed = {op.account for op in ops if op.account is not None and auth.is_uid(op.account)}
        shared = claimed | images.accounts_of_rows(self._connection, uids)
        territories = images.lock_accounts(self._connection, shared, edited, moving)
        found = images.read_images(self._connection, uids)
        if decided:
            images.add_lines(self._connection, "order", decided, found)
        credit = None
        if buyers:
            now = datetime.fromtimestamp(self._now_ms / 1000, UTC)
            today = company_day(self._connection, now)
            credit = read_credit(self._connection, buyers, today)
        office = office_people(self._connection, ops, self._writer)
        return Ground(found, territories, self._taken(txns), credit, office)

    def _taken(self, txns: Sequence[Txn]) -> dict[tuple[str, str, str], str]:
        found = {}
        for (entity, columns), values in candidate_uniques(txns).items():
            rows = self._connection.execute(
                "SELECT value, encode(uuid_send(uid),'hex') FROM unique_value"
                ' WHERE entity = %s AND "columns" = %s AND value = ANY(%s)',
                (entity, columns, list(values)),
            )
            for value, uid in rows:
                found[entity, columns, str(value)] = str(uid)
        return found

    def _write(self, verdict: Verdict) -> None:
        images.write_images(self._connection, verdict.changed)
        images.check_references(self._connection, verdict.changed)
        self._write_uniques(verdict)
        self._log(verdict.ops)
        self._erased |= forgetting.erased_people(verdict)
        feed.announce(self._connection, list(verdict.news), device=self._who.device)

    def forget_erased(self) -> None:
        """After the answers are stored: words of people who were erased go from everywhere."""
        forgetting.forget(self._connection, self._who, self._erased)

    def _write_uniques(self, verdict: Verdict) -> None:
        if not verdict.uniques:
            return
        rows = []
        for (entity, columns, value), key in verdict.uniques.items():
            account = images.account_of(*key, verdict.changed[key].values)
            rows.append((entity, columns, value, account, key[1]))
        columns_of_rows = [list(column) for column in zip(*rows, strict=True)]
        self._connection.execute(
            "DELETE FROM unique_value u USING unnest(%s::text[], %s::text[], %s::uuid[])"
            ' AS n(entity, names, uid) WHERE u.entity = n.entity AND u."columns" = n.names'
            " AND u.uid = n.uid",
            (columns_of_rows[0], columns_of_rows[1], columns_of_rows[4]),
        )
        self._connection.execute(
            'INSERT INTO unique_value (entity, "columns", value, account_id, uid) SELECT * FROM'
            " unnest(%s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[])",
            columns_of_rows,
        )

    def _log(self, ops: Sequence[tuple[Op, int, str | None]]) -> None:
        if not ops:
            return
        names = ("account_id", "entity", "uid", "op", "rev", "fields", "txn", "hlc", "user_id",
                 "device_id")  # fmt: skip
        who = self._who
        rows = [
            (account or _NOBODY, op.entity, op.uid, op.op, rev, _document(op.fields), op.seq,
             self._hlc(op.hlc), who.user, who.device)
            for op, rev, account in ops
        ]  # fmt: skip
        append(self._connection, "change", names, rows)

    def _add_rows(self, verdict: Verdict) -> None:
        """Put HQ's row into the last answer about each row that has to be shown."""
        if not verdict.show:
            return
        rows = images.read_rows(self._connection, verdict.show)
        last: dict[images.RowKey, int] = {}
        for txn in self._request.txns:
            for op in txn.ops:
                if op.seq in verdict.answers and op.op != "C":
                    last[op.entity, op.uid] = op.seq
        for key in verdict.show:
            if key in rows and key in last:
                answer = verdict.answers[last[key]]
                row = for_schema(ENTITIES[key[0]], rows[key], self._request.schema)
                verdict.answers[last[key]] = structs.replace(answer, row=row)

    def _name_rivals(self, verdict: Verdict) -> None:
        """Tell who wrote the other value of a collision, on which computer, and when."""
        answered = [(op, verdict.answers[op.seq]) for op, _rev, _account in verdict.ops]
        collided = {op.uid for op, answer in answered if answer.collisions}
        if not collided:
            return
        rows = self._connection.execute(
            "SELECT DISTINCT ON (c.uid, f.name) encode(uuid_send(c.uid),'hex'), f.name,"
            " concat_ws(', ', u.name, d.name), c.at"
            " FROM change c LEFT JOIN app_user u ON u.uid = c.user_id"
            " LEFT JOIN device d ON d.uid = c.device_id"
            " CROSS JOIN LATERAL jsonb_object_keys(c.fields) AS f(name)"
            " WHERE c.uid = ANY(%s::uuid[]) AND c.op IN ('I', 'U') AND c.device_id <> %s"
            " ORDER BY c.uid, f.name, c.id DESC",
            (list(collided), self._who.device),
        )
        rivals = {(uid, name): (by, format_instant(at)) for uid, name, by, at in rows}
        for op, answer in answered:
            if answer.collisions:
                named = [
                    structs.replace(c, by=found[0], at=found[1])
                    if (found := rivals.get((op.uid, c.field))) is not None
                    else c
                    for c in answer.collisions
                ]
                verdict.answers[op.seq] = structs.replace(answer, collisions=named)
