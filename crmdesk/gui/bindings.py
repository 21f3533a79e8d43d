"""What a key binding is, and those of the visit sheet and the service place.

Part of the one key map, :mod:`crmdesk.gui.keys`, which all the others ask.
"""

from __future__ import annotations

from dataclasses import dataclass

GLOBAL = "global"


def N_(message: str) -> str:
    """Mark a message for translation where it is defined."""
    return message


@dataclass(frozen=True, slots=True)
class Binding:
    """One action: ``place.name``, its key in Qt's words, and its title (a msgid).

    ``hint_only`` keys are handled by the widget with the focus (arrows, digits in a field).
    """

    action: str
    key: str
    title: str
    hint_only: bool = False

    @property
    def place(self) -> str:
        """The place in which the key works, or ``global``."""
        return self.action.partition(".")[0]


VISIT = (
    Binding("visit.start", "Space", N_("Start visit")),
    Binding("visit.answer", "1–9", N_("answer"), hint_only=True),
    Binding("visit.end", "Ctrl+Enter", N_("End visit")),
    Binding("visit.mode", "Alt+M", N_("other way of meeting")),
    Binding("visit.order", "O", N_("Take order")),
    Binding("visit.step", "N", N_("Next step")),
    Binding("visit.promise", "P", N_("Promise")),
    Binding("visit.note", "T", N_("Note")),
    Binding("visit.count", "K", N_("Count the shelf")),
    Binding("visit.photo", "F", N_("Photo")),
    Binding("visit.ticket", "I", N_("Report a problem")),
    Binding("visit.score", "Q", N_("would recommend us")),
    Binding("visit.here", "H", N_("I am here")),
    Binding("visit.nowhere", "Shift+H", N_("Keep no places any more")),
    Binding("visit.card", "C", N_("Card")),
    Binding("visit.close", "Esc", N_("back")),
)
SERVICE = (
    Binding("service.filter", "/", N_("Filter")),
    Binding("service.new", "N", N_("New ticket")),
    Binding("service.reply", "R", N_("Answer the customer")),
    Binding("service.incoming", "C", N_("the customer said")),
    Binding("service.note", "T", N_("Note")),
    Binding("service.wait", "W", N_("wait, or go on")),
    Binding("service.resolve", "D", N_("Resolve")),
    Binding("service.close_ticket", "X", N_("Close the ticket")),
    Binding("service.reopen", "U", N_("Open again")),
    Binding("service.assign", "A", N_("give to")),
    Binding("service.priority", "P", N_("next priority")),
    Binding("service.escalate", "E", N_("Escalate")),
    Binding("service.score", "S", N_("how content")),
    Binding("service.figures", "G", N_("Figures")),
    Binding("service.sku", "Alt+S", N_("SKU of the ticket")),
    Binding("service.save", "Ctrl+Enter", N_("Open ticket")),
    Binding("service.links", "B", N_("what it is about")),
    Binding("service.files", "F", N_("Files")),
    Binding("service.add_file", "Shift+F", N_("Add a file")),
    Binding("service.open_order", "O", N_("Order of the ticket")),
    Binding("service.open_sku", "K", N_("SKU of the ticket, at the customer")),
    Binding("service.open_return", "Shift+R", N_("Returns of the customer")),
    Binding("service.rules", "Alt+R", N_("Hours and targets of the service")),
    Binding("service.leave", "Esc", N_("back")),
)

RULES = (
    Binding("rules.service", "Alt+1", N_("Hours and targets of the service")),
    Binding("rules.fields", "Alt+2", N_("Fields of your own")),
    Binding("rules.new", "Alt+N", N_("New field")),
    Binding("rules.save", "Ctrl+Enter", N_("Save")),
    Binding("rules.leave", "Esc", N_("back")),
)
