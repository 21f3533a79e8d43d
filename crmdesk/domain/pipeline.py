"""Opportunities: their stages and legal steps, reasons of an end, splits, when one is stale.

Defined once and checked by the same code on the laptop and at HQ. Reading and writing rows is the
services'; leads before they become one are :mod:`crmdesk.domain.leads`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from crmdesk.domain.errors import IllegalTransition
from crmdesk.domain.policy import Policy
from crmdesk.i18n import _, pgettext

WHOLE_BP = 10_000
"""All of an opportunity, in basis points."""

MOST_SPLITS = 8


class Stage(StrEnum):
    """Where an opportunity stands. ``ENDED``: a customer who was won does not buy again."""

    QUALIFIED = "qualified"
    PROPOSAL = "proposal"
    NEGOTIATION = "negotiation"
    WON = "won"
    LOST = "lost"
    ENDED = "ended"


class DealKind(StrEnum):
    """A first sale of something, or its repetition."""

    SALE = "sale"
    RESALE = "resale"


OPEN_STAGES = (Stage.QUALIFIED, Stage.PROPOSAL, Stage.NEGOTIATION)
"""The stages of work, in order."""

CLOSED_STAGES = (Stage.WON, Stage.LOST, Stage.ENDED)

_OPEN = frozenset(OPEN_STAGES)
_ENDS = frozenset(CLOSED_STAGES)

STAGE_STEPS: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        **{stage: (_OPEN | _ENDS) - {stage} for stage in OPEN_STAGES},
        # Of two decisions the first stands; whoever wants another one opens the deal again.
        Stage.WON: _OPEN | {Stage.ENDED},
        Stage.LOST: _OPEN,
        Stage.ENDED: _OPEN | {Stage.WON},
    }
)

REASON_KINDS: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.WON: "opportunity_won",
        Stage.LOST: "opportunity_lost",
        Stage.ENDED: "opportunity_ended",
    }
)
"""The kind of reason (``outcome_reason.kind``) that an end has to give."""

USUAL_WEIGHT_BP: Mapping[Stage, int] = MappingProxyType(
    {Stage.QUALIFIED: 2_000, Stage.PROPOSAL: 5_000, Stage.NEGOTIATION: 7_500}
)
"""What is commonly typed for such stages; only ever shown beside the company's own history."""

DECISION_COLUMNS = ("stage", "reason_id", "closed_on", "lost_to")
"""What one decision writes: it holds or falls together."""


def stage_of(value: object) -> Stage:
    """The stage a row says; IllegalTransition for what is none."""
    try:
        return Stage(str(value))
    except ValueError as error:
        raise IllegalTransition(_("There is no such stage.")) from error


def check_stage_step(old: Stage, new: Stage) -> None:
    """Raise :class:`IllegalTransition` unless an opportunity may go from old to new."""
    if old is not new and new not in STAGE_STEPS[old]:
        raise IllegalTransition(
            _("An opportunity that is “{old}” cannot become “{new}”. Open it again first.").format(
                old=stage_word(old), new=stage_word(new)
            )
        )


def check_deal(values: Mapping[str, object]) -> None:
    """Raise :class:`IllegalTransition` unless a row may stand like this.

    ``values`` by column, of the laptop or of the wire: an end says why and when, what is open
    says neither, and splits add to the whole.
    """
    stage = stage_of(values.get("stage"))
    if stage in _ENDS and (values.get("reason_id") is None or values.get("closed_on") is None):
        raise IllegalTransition(_("Whoever closes an opportunity says why."))
    if stage in _OPEN and values.get("closed_on") is not None:
        raise IllegalTransition(_("An open opportunity has no day on which it ended."))
    amount = values.get("amount_minor")
    if isinstance(amount, int) and amount < 0:
        raise IllegalTransition(_("An opportunity is not worth less than nothing."))
    check_splits(values.get("splits"))


def check_splits(document: object) -> None:
    """Raise :class:`IllegalTransition` unless the shares of people add to exactly 100 %.

    ``document`` is ``[{"user": uid as hex, "bp": basis points}, …]``; None or nothing: whoever has
    the opportunity has it all.
    """
    if document is None or document == []:
        return
    shares = read_splits(document)
    if not isinstance(document, Sequence) or len(shares) != len(document):
        raise IllegalTransition(_("These shares cannot be read."))
    if len(shares) > MOST_SPLITS:
        raise IllegalTransition(_("At most {count} people share one.").format(count=MOST_SPLITS))
    if sum(shares.values()) != WHOLE_BP:
        raise IllegalTransition(_("The shares of all people add to exactly 100."))


def read_splits(document: object) -> dict[str, int]:
    """Basis points by person (uid as hex); what cannot be meant is left out."""
    found: dict[str, int] = {}
    if not isinstance(document, Sequence) or isinstance(document, str | bytes):
        return found
    for one in document:
        if not isinstance(one, Mapping):
            continue
        user, share = one.get("user"), one.get("bp")
        if not isinstance(share, int) or isinstance(share, bool) or not 0 < share <= WHOLE_BP:
            continue
        if isinstance(user, str) and user not in found:
            found[user] = share
    return found


def stale_after_days(stage: Stage, policy: Policy) -> int | None:
    """From how many days in it on a stage is stale by the company's rules; None for an end."""
    return {
        Stage.QUALIFIED: policy.stale_qualified_days,
        Stage.PROPOSAL: policy.stale_proposal_days,
        Stage.NEGOTIATION: policy.stale_negotiation_days,
    }.get(stage)


def stage_word(stage: Stage) -> str:
    """The stage as people read it."""
    return {
        Stage.QUALIFIED: pgettext("stage", "Qualified"),
        Stage.PROPOSAL: pgettext("stage", "Proposal"),
        Stage.NEGOTIATION: pgettext("stage", "Negotiation"),
        Stage.WON: pgettext("stage", "Won"),
        Stage.LOST: pgettext("stage", "Lost"),
        Stage.ENDED: pgettext("stage", "Not buying again"),
    }[stage]


def kind_word(kind: str) -> str:
    """The kind of an opportunity as people read it."""
    return {"sale": pgettext("deal", "New sale"), "resale": pgettext("deal", "Resale")}.get(
        kind, kind
    )
