"""The company's rules as they are in this profile. Changing them is services.company_policy."""

from __future__ import annotations

import json

from sqlalchemy import Connection

from crmdesk.domain.policy import Policy, read_policy
from crmdesk.services.workspace import Workspace


def company_policy(ws: Workspace) -> Policy:
    """The rules in force; those nobody has set have their defaults."""
    with ws.database.read() as connection:
        return policy_in(connection)


def policy_in(connection: Connection) -> Policy:
    """The same on a connection that is already open."""
    return read_policy(stored_policy(connection))


def stored_policy(connection: Connection) -> object:
    """The document as it is kept; None where there is none or it is no document."""
    text = connection.exec_driver_sql(
        "SELECT policy FROM organisation ORDER BY id LIMIT 1"
    ).scalar()
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None
