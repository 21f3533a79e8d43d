"""The company's rules in a profile: who may change them, and back again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.policy import DEFAULTS, BelowCost
from crmdesk.domain.states import Role
from crmdesk.services.company_policy import change_company_policy
from crmdesk.services.queries.policy import company_policy
from crmdesk.services.undo import undo
from crmdesk.services.workspace import Workspace


def test_the_office_changes_rules_and_takes_it_back(ws: Workspace) -> None:
    office = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    before = company_policy(ws)
    changes = change_company_policy(office, {"below_cost": "block", "return_days": 14})
    assert changes.touches("organisation")
    policy = company_policy(ws)
    assert (policy.below_cost, policy.return_days) == (BelowCost.BLOCK, 14)
    assert policy.quote_valid_days == before.quote_valid_days
    assert changes.undo is not None
    undo(office, changes.undo)
    assert company_policy(ws) == before


def test_a_rep_and_a_wrong_rule_change_nothing(ws: Workspace) -> None:
    with pytest.raises(UserError):
        change_company_policy(ws, {"below_cost": "block"})
    office = replace(ws, user=replace(ws.user, role=Role.OFFICE))
    with pytest.raises(FieldError) as caught:
        change_company_policy(office, {"return_days": 10, "quote_valid_days": 9_999})
    assert caught.value.field == "quote_valid_days"
    assert company_policy(ws).return_days == DEFAULTS.return_days


def test_a_damaged_document_has_the_defaults(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql("UPDATE organisation SET policy = '[1,'")
    assert company_policy(ws) == DEFAULTS
