"""A row of ours that holds a code HQ has given to another row gives way, so that sync goes on.

That happens to rows HQ has lost with a restore, and to rows it never had. What has a text among the
unique values keeps everything but this text; what has none goes, for HQ has the same thing under
another uid. Work on such a row that was not sent yet is in the journal, and HQ will judge it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, and_, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from crmdesk.storage.entities import Entity, Kind
from crmdesk.storage.rows import Value
from crmdesk.storage.tables import table


def make_room(
    connection: Connection,
    entity: Entity,
    uids: Collection[bytes],
    rows: Sequence[Sequence[Value]],
) -> Iterator[int]:
    """Let local rows give way to these (cells by field, references as local keys); their keys.

    ``uids`` are those of the rows that come: they never give way.
    """
    places = {one.column: at for at, one in enumerate(entity.fields)}
    kinds = {one.column: one.kind for one in entity.fields}
    target = table(entity.name)
    for columns in entity.unique:
        text = next((c for c in columns if kinds[c] is Kind.TEXT), None)
        for cells in rows:
            values = {c: cells[places[c]] for c in columns}
            if None in values.values():
                continue
            same = and_(*(target.c[c] == value for c, value in values.items()))
            for key, uid in connection.execute(select(target.c.id, target.c.uid).where(same)).all():
                if uid in uids:
                    continue
                if text is None:
                    _delete(connection, entity, key)
                else:
                    other = target.c[text].concat("~").concat(func.hex(target.c.uid))
                    connection.execute(
                        update(target).where(target.c.id == key).values({text: other})
                    )
                yield int(key)


def _delete(connection: Connection, entity: Entity, key: int) -> None:
    try:
        with connection.begin_nested():
            if entity.lines is not None:
                lines = table(entity.lines.name)
                connection.execute(delete(lines).where(lines.c.parent_id == key))
            target = table(entity.name)
            connection.execute(delete(target).where(target.c.id == key))
    except IntegrityError:
        # Others refer to it: then HQ's row cannot come, and the round says so.
        return
