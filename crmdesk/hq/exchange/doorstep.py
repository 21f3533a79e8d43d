"""What a rep writes at the customer's door, held against what can be: money, goods, signatures.

Whose customer it is and in whose name it is written is decided before (:mod:`crmdesk.sync.merge`).
Here a rep's collections, returns, samples, day sheets and signatures are read as amounts: within
bounds, with the sign they must have, and adding up. What the office writes is its own business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crmdesk.domain.collecting import MOST_COLLECTED_MINOR, CollectionMethod
from crmdesk.domain.returning import Condition, Wish
from crmdesk.domain.signature import read_signature
from crmdesk.i18n import _
from crmdesk.sync.merge import Image, RefusedOp, Writer
from crmdesk.sync.protocol import Wire

_MOST_BASE = 10**12
_MOST_PACKS = 1_000_000
_METHODS = frozenset(method.value for method in CollectionMethod)
_CONDITIONS = frozenset(condition.value for condition in Condition)
_WISHES = frozenset(wish.value for wish in Wish)


def check_taken(entity: str, image: Image, writer: Writer) -> None:
    """Raise RefusedOp where a rep's row cannot be what happened."""
    check = _CHECKS.get(entity)
    if check is not None and not writer.in_office and not image.deleted:
        check(image)


def _collection(image: Image) -> None:
    values = image.values
    amount, takes_back = _whole(values, "amount_minor"), values.get("reverses_uid") is not None
    if values.get("method") not in _METHODS:
        raise _refused(_("HQ does not know this way of paying."))
    if not 0 < abs(amount) <= MOST_COLLECTED_MINOR:
        raise _refused(_("The amount of this receipt cannot be right."))
    if (amount < 0) is not takes_back:
        raise _refused(_("Only a counter-entry takes money back, and it names its receipt."))


def _return(image: Image) -> None:
    values = image.values
    net = _whole(values, "net_minor")
    if not 0 <= net <= MOST_COLLECTED_MINOR:
        raise _refused(_("The credit of this return cannot be right."))
    if values.get("wish") not in _WISHES:
        raise _refused(_("HQ does not know what is wanted for this return."))
    if not image.lines:
        return
    nets = [_whole(line, "net_minor") for line in image.lines]
    if any(part < 0 for part in nets) or (any(nets) and sum(nets) != net):
        raise _refused(_("The lines of this return do not add up to its credit."))
    for line in image.lines:
        packs, base = _whole(line, "quantity"), _whole(line, "base_quantity")
        if not 0 < packs <= _MOST_PACKS or not 0 < base <= _MOST_BASE:
            raise _refused(_("The quantities of this return cannot be right."))
        if line.get("condition") not in (None, *_CONDITIONS):
            raise _refused(_("HQ does not know the condition of these goods."))


def _sample(image: Image) -> None:
    packs = _whole(image.values, "quantity")
    base = _whole(image.values, "base_quantity")
    if not 0 < packs <= _MOST_PACKS or not 0 < base <= _MOST_BASE:
        raise _refused(_("The quantity of this sample cannot be right."))


def _day_sheet(image: Image) -> None:
    counted = _whole(image.values, "counted_minor")
    if not 0 <= counted <= MOST_COLLECTED_MINOR:
        raise _refused(_("The cash counted on this sheet cannot be right."))
    totals = image.values.get("totals")
    if not isinstance(totals, dict) or not isinstance(totals.get("methods"), dict):
        raise _refused(_("HQ could not read the totals of this sheet."))


def _order(image: Image) -> None:
    try:
        read_signature(image.values.get("signature"))
    except ValueError as error:
        raise _refused(_("HQ could not read the signature of this order.")) from error


_CHECKS: Mapping[str, Callable[[Image], None]] = {
    "collection": _collection,
    "return_request": _return,
    "sample": _sample,
    "day_sheet": _day_sheet,
    "order": _order,
}


def _whole(values: Mapping[str, Wire], name: str) -> int:
    value = values.get(name)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(_("HQ could not read this change."))
    return value


def _refused(sentence: str) -> RefusedOp:
    return RefusedOp("not-possible", sentence)
