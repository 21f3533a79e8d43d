"""A promotion in plain words: what the editor shows while it is typed, and what lists show."""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.domain.money import PRICE_SCALE
from crmdesk.domain.offers import (
    Bundle,
    Extra,
    Gift,
    InvalidRule,
    Mix,
    Offer,
    PromotionTerms,
    Reward,
    read_offer,
)
from crmdesk.domain.price_book import PromotionRow
from crmdesk.i18n import _, format_number, format_percent

Names = Callable[[str], str]
"""A product's or category's name by its uid."""


def promotion_words(row: PromotionRow, name_of: Names, currency: str) -> str:
    """One sentence that says what the customer gets; of an invalid rule, that it gives nothing."""
    terms = PromotionTerms(
        row.code, row.name, row.kind, row.product, row.category, row.discount_bp,
        row.buy_quantity, row.free_quantity, row.minimum_quantity,
    )  # fmt: skip
    try:
        offer = read_offer(terms, row.rule)
    except InvalidRule:
        return _("This rule cannot be understood, so it gives nothing.")
    if isinstance(offer, Extra):
        sentence = _("{percent} off {what}, on top of any other price.").format(
            percent=_percent(offer.discount_bp), what=_what(row, name_of)
        )
    elif isinstance(offer, Offer):
        sentence = _offer(offer, name_of, currency)
    else:
        sentence = _single(row, name_of)
    if row.segment:
        sentence = _("{sentence} Only for {segment}.").format(
            sentence=sentence, segment=row.segment
        )
    return sentence


def _single(row: PromotionRow, name_of: Names) -> str:
    what = _what(row, name_of)
    if row.buy_quantity and row.free_quantity:
        return _("Buy {buy} of {what}, get {free} of the same free.").format(
            buy=format_number(row.buy_quantity), what=what, free=format_number(row.free_quantity)
        )
    if not row.discount_bp:
        return _("It gives nothing yet.")
    if row.minimum_quantity > 1:
        return _("{percent} off {what} from {count} units.").format(
            percent=_percent(row.discount_bp), what=what, count=format_number(row.minimum_quantity)
        )
    return _("{percent} off {what}.").format(percent=_percent(row.discount_bp), what=what)


def _offer(offer: Offer, name_of: Names, currency: str) -> str:
    what = offer.what
    if isinstance(what, Bundle):
        parts = " + ".join(
            f"{format_number(part.quantity)} × {name_of(part.product)}" for part in what.parts
        )
        sentence = _("Together {parts}: {reward}.").format(
            parts=parts, reward=_reward(what.reward, currency)
        )
    elif isinstance(what, Mix):
        sentence = _("Any {count} units of {what}: {reward}.").format(
            count=format_number(what.quantity), what=_set(what, name_of),
            reward=_reward(what.reward, currency),
        )  # fmt: skip
    else:
        sentence = _gift(what, name_of)
    if offer.limit is not None:
        sentence = _("{sentence} At most {count} times in an order.").format(
            sentence=sentence, count=format_number(offer.limit)
        )
    return sentence


def _gift(gift: Gift, name_of: Names) -> str:
    return _("For every {buy} of {product}, {free} of {gift} free.").format(
        buy=format_number(gift.buy), product=name_of(gift.product),
        free=format_number(gift.free), gift=name_of(gift.free_product),
    )  # fmt: skip


def _set(mix: Mix, name_of: Names) -> str:
    names = sorted(name_of(uid) for uid in (*mix.products, *mix.categories))
    if len(names) > 3:
        rest = format_number(len(names) - 2)
        return _("{names} and {count} more").format(names=", ".join(names[:2]), count=rest)
    return ", ".join(names)


def _reward(reward: Reward, currency: str) -> str:
    if reward.discount_bp is not None:
        return _("{percent} off the list price").format(percent=_percent(reward.discount_bp))
    price = format_number((reward.price_e4 or 0) / PRICE_SCALE, 2)
    return _("{price} {currency} for the set").format(price=price, currency=currency)


def _what(row: PromotionRow, name_of: Names) -> str:
    names = [name_of(uid) for uid in (row.product, row.category) if uid is not None]
    return ", ".join(names) or _("nothing yet")


def _percent(discount_bp: int) -> str:
    return format_percent(discount_bp / 10_000)
