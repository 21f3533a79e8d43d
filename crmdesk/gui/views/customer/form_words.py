"""The fields of the card's forms: what is asked, and what the typed texts mean. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.domain.consents import channel_word
from crmdesk.domain.custom_fields import NO, YES, CustomField, FieldKind
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _, pgettext
from crmdesk.services.custom_fields import PREFIX
from crmdesk.services.customer_data import CustomerData
from crmdesk.services.people import EMAIL, MOBILE, PHONE, Person
from crmdesk.services.sites import Site


def person_fields(person: Person) -> list[AskedField]:
    """A person by fields, each way and each consent one of its own: to tell what was changed."""
    ways = {PHONE: _("Telephone"), MOBILE: _("Mobile"), EMAIL: _("E-mail")}
    said = {True: pgettext("consent", "agreed"), False: pgettext("consent", "refused")}
    return [
        AskedField("name", _("Name"), person.name),
        AskedField("job", _("Job"), person.job),
        AskedField("best_time", _("Best time"), person.best_time),
        AskedField("birthday", _("Birthday"), person.birthday),
        AskedField("language", _("Language"), person.language),
        AskedField("note", _("Note"), person.note),
        *(AskedField(f"way.{way.key}", ways.get(way.kind, way.kind),
                     " · ".join(part for part in (way.value, way.label) if part))
          for way in person.ways if way.key),
        *(AskedField(f"consent.{one.channel}", channel_word(one.channel),
                     f"{said[one.given]} {one.on.isoformat()}") for one in person.consents),
    ]  # fmt: skip


def site_fields(site: Site) -> list[AskedField]:
    """The form of a place of delivery."""
    usual = (("", _("no")), ("1", _("goods go here")))
    return [
        AskedField("name", pgettext("site", "Name"), site.name, _("Warehouse, back door")),
        AskedField("usual", _("Usual"), "1" if site.usual else "", choices=usual),
        AskedField("street", _("Street"), site.street),
        AskedField("position", _("Position"), site.position, "42.5063, 1.5218"),
        AskedField("postcode", _("Postcode"), site.postcode),
        AskedField("city", _("Town"), site.city),
        AskedField("region", _("Region"), site.region),
        AskedField("country", _("Country"), site.country, "AD"),
        AskedField("hours", _("Opening"), site.hours, hours_hint(), wide=True),
        AskedField(
            "delivery_note", _("Delivery"), site.delivery_note,
            _("ring at the gate, pallets only until noon"), wide=True,
        ),
    ]  # fmt: skip


def hours_hint() -> str:
    """What hours look like when they are typed."""
    return _("Mon-Fri 9-14, 16-19; Sat 9-13")


def site_of(typed: Mapping[str, str]) -> Site:
    """The place of delivery that was typed."""
    return Site(
        typed["name"], typed["street"], typed["postcode"], typed["city"], typed["region"],
        typed["country"], typed["position"], typed["hours"], typed["delivery_note"],
        usual=bool(typed["usual"]),
    )  # fmt: skip


def data_fields(data: CustomerData) -> list[AskedField]:
    """The form of the customer's own data, the company's own fields after the others."""
    words = {
        "name": _("Name"), "code": _("Code"), "street": _("Street"), "postcode": _("Postcode"),
        "city": _("Town"), "region": _("Region"), "country": _("Country"),
        "tax_id": _("Tax number"), "channel": _("Channel"), "segment": _("Segment"),
    }  # fmt: skip
    return [
        *(AskedField(name, label, data.texts.get(name, "")) for name, label in words.items()),
        AskedField("hours", _("Opening"), data.hours, hours_hint(), wide=True),
        AskedField("description", _("Description"), data.texts.get("description", ""), wide=True),
        *(_own(one, data.custom.get(one.id, "")) for one in data.fields),
    ]


def _own(field: CustomField, value: str) -> AskedField:
    key = f"{PREFIX}{field.id}"
    if field.kind is FieldKind.YES_NO:
        return AskedField(
            key, field.name, value, choices=(("", "–"), (YES, _("yes")), (NO, _("no")))
        )
    if field.kind is FieldKind.CHOICE:
        # An answer that the office has put away since stays until somebody chooses another.
        every = dict.fromkeys((*field.choices, *((value,) if value else ())))
        choices = (("", "–"), *((one, one) for one in every))
        return AskedField(key, field.name, value, choices=choices)
    hint = {FieldKind.DATE: "2026-11-24", FieldKind.NUMBER: "0"}.get(field.kind, "")
    return AskedField(key, field.name, value, hint)


def data_of(typed: Mapping[str, str], before: CustomerData) -> CustomerData:
    """The data that were typed."""
    own = {
        int(key.removeprefix(PREFIX)): value
        for key, value in typed.items()
        if key.startswith(PREFIX)
    }
    texts = {key: value for key, value in typed.items() if key in before.texts}
    return CustomerData(texts, typed.get("hours", ""), own, before.fields)
