"""What a profile keeps beside its rows about people who were erased, and how it goes.

Owns the statements. When this is done is :mod:`crmdesk.sync.forgetting`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, or_, select, union, update

from crmdesk.domain.erasure import NAMELESS
from crmdesk.storage.tables import (
    conflict,
    journal,
    refusal,
    table,
    told_account,
    told_change,
    unknown_field,
)

_CHUNK = 500
_POINT = "contact_point"


@dataclass(frozen=True, slots=True)
class Erased:
    """``uids`` of the people and of ways to reach somebody that their customers have no more."""

    uids: tuple[bytes, ...]
    accounts: tuple[bytes, ...]


def read_erased(connection: Connection) -> Erased:
    """Everybody who was erased here."""
    contact, account = table("contact"), table("account")
    people = connection.execute(
        select(contact.c.uid, account.c.uid.label("account"))
        .join(account, account.c.id == contact.c.account_id)
        .where(contact.c.erased_at.is_not(None), contact.c.name == NAMELESS)
    ).all()
    uids = {bytes(row.uid) for row in people}
    accounts = sorted({bytes(row.account) for row in people})
    for part in _chunks(accounts):
        uids.update(_gone_points(connection, part))
    return Erased(tuple(sorted(uids)), tuple(accounts))


def _gone_points(connection: Connection, accounts: Sequence[bytes]) -> Iterator[bytes]:
    there = select(table(_POINT).c.uid)
    known = union(
        *(
            select(kept.c.uid).where(
                kept.c.entity == _POINT, kept.c.account_uid.in_(accounts), kept.c.uid.not_in(there)
            )
            for kept in (journal, told_change)
        )
    )
    return (bytes(uid) for uid in connection.scalars(known))


def has_words(connection: Connection, erased: Erased, *, waiting: bool = False) -> bool:
    """Whether anything about them is kept that can go; with ``waiting`` only what is unsent."""
    wanted = [_waiting] if waiting else [_said, _refused, _collided, _unknown, _told]
    for part in _chunks(erased.uids):
        for words in wanted:
            which, about = words(part)
            if connection.execute(select(which).where(about).limit(1)).first() is not None:
                return True
    return False


def forget_words(connection: Connection, erased: Erased, *, answered: bool) -> bool:
    """Take the words away; whether there were some that HQ had told.

    ``answered``: what still waits to be sent stays. The sentence about a refused change stays for
    whoever made it; the words in it go.
    """
    told = 0
    for part in _chunks(erased.uids):
        for words in (_said, _collided, _unknown):
            which, about = words(part)
            connection.execute(delete(which.table).where(about))
        if not answered:
            connection.execute(delete(journal).where(_waiting(part)[1]))
        connection.execute(
            update(refusal).where(_refused(part)[1]).values(fields=None, hq_row=None)
        )
        told += connection.execute(delete(told_change).where(_told(part)[1])).rowcount
    if told:
        for part in _chunks(erased.accounts):
            connection.execute(delete(told_account).where(told_account.c.account_uid.in_(part)))
    return told > 0


_Words = tuple[ColumnElement[bytes], ColumnElement[bool]]


def _said(uids: Sequence[bytes]) -> _Words:
    return journal.c.uid, journal.c.uid.in_(uids) & (journal.c.state != "waiting")


def _waiting(uids: Sequence[bytes]) -> _Words:
    return journal.c.uid, journal.c.uid.in_(uids) & (journal.c.state == "waiting")


def _collided(uids: Sequence[bytes]) -> _Words:
    return conflict.c.uid, conflict.c.uid.in_(uids)


def _unknown(uids: Sequence[bytes]) -> _Words:
    return unknown_field.c.uid, unknown_field.c.uid.in_(uids)


def _refused(uids: Sequence[bytes]) -> _Words:
    about = refusal.c.uid.in_(uids)
    return refusal.c.uid, about & or_(refusal.c.fields.is_not(None), refusal.c.hq_row.is_not(None))


def _told(uids: Sequence[bytes]) -> _Words:
    # That and when somebody was erased is told again without words: that stays.
    bare = or_(told_change.c.fields == "{}", told_change.c.fields.like('{"erased_at"%'))
    return told_change.c.uid, told_change.c.uid.in_(uids) & ~bare


def _chunks(uids: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(uids), _CHUNK):
        yield uids[start : start + _CHUNK]
