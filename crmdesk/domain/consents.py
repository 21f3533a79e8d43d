"""Who may be contacted how: consent per channel with its day, as one document of a contact.

Owns the channels and reading the document, tolerant of what cannot be meant. The document is
``{channel: {"given": bool, "on": "2026-03-02"}}``; a channel that is not in it was not asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from crmdesk.domain.errors import FieldError
from crmdesk.i18n import _


class Channel(StrEnum):
    """A way of contacting somebody that one may agree to or not."""

    CALL = "call"
    EMAIL = "email"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody said about one channel, and when."""

    channel: Channel
    given: bool
    on: date


def channel_word(channel: Channel) -> str:
    """The channel as people know it."""
    return {
        Channel.CALL: _("Calls"), Channel.EMAIL: _("E-mail"), Channel.MESSAGE: _("Messages"),
    }[channel]  # fmt: skip


def read_consents(
    document: object, one_on: date | None = None, one_channel: str = ""
) -> tuple[Consent, ...]:
    """The consents a stored document means, in the order of the channels.

    ``one_on`` and ``one_channel`` are the single consent that older rows hold: it counts where the
    document says nothing at all.
    """
    found = document if isinstance(document, Mapping) else {}
    consents = [one for channel in Channel if (one := _consent(channel, found.get(channel)))]
    if not isinstance(document, Mapping) and one_on is not None:
        known = one_channel in set(Channel)
        channel = Channel(one_channel) if known else Channel.MESSAGE
        # A consent that was kept was given.
        return (Consent(channel, given=True, on=one_on),)
    return tuple(consents)


def _consent(channel: Channel, entry: object) -> Consent | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("given"), bool):
        return None
    try:
        return Consent(channel, entry["given"], date.fromisoformat(str(entry.get("on"))))
    except ValueError:
        return None


def consents_document(consents: Sequence[Consent]) -> dict[str, Any]:
    """The document that means these consents."""
    return {one.channel.value: {"given": one.given, "on": one.on.isoformat()} for one in consents}


def latest_given(consents: Sequence[Consent]) -> Consent | None:
    """The newest consent that was given; None where there is none."""
    given = [one for one in consents if one.given]
    return max(given, key=lambda one: one.on, default=None)


def read_consent(channel: Channel, said: str, on: str, *, today: str) -> Consent | None:
    """What somebody typed about a channel: ``yes``, ``no`` or nothing, and the day in ISO form.

    No day means today. FieldError for what is no day, or one that is yet to come.
    """
    if said not in ("yes", "no"):
        return None
    text = on.strip() or today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise FieldError(
            f"consent.{channel.value}", _("{text} is not a date like 1980-11-24.").format(text=text)
        ) from None
    if day > date.fromisoformat(today):
        raise FieldError(f"consent.{channel.value}", _("Nobody agrees on a day to come."))
    return Consent(channel, said == "yes", day)
