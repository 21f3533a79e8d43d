"""The one key map: every action, its key and its words.

Owns which key does what in which place; a test looks for clashes. Places bind their slots with
:func:`bind`, feet and buttons ask :func:`hint`. ``Enter`` stands for both Enter keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from crmdesk.i18n import _

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


_ALL = (
    Binding("global.search", "Ctrl+K", N_("Find a customer, SKU or command")),
    Binding("global.back", "Alt+Left", N_("Back")),
    Binding("global.forward", "Alt+Right", N_("Forward")),
    Binding("global.undo", "Ctrl+Z", N_("Undo")),
    Binding("global.sync_centre", "Ctrl+Shift+Y", N_("Sync centre")),
    Binding("global.forecasts", "Ctrl+Shift+R", N_("Stop renewing forecasts, or go on")),
    Binding("global.scheme", "Ctrl+Shift+D", N_("Light or dark")),
    Binding("global.larger", "Ctrl++", N_("Larger text")),
    Binding("global.smaller", "Ctrl+-", N_("Smaller text")),
    Binding("global.rail", "Ctrl+B", N_("Fold the side bar")),
    Binding("global.pdf", "Ctrl+S", N_("Save as PDF")),
    Binding("global.print", "Ctrl+P", N_("Print")),
    Binding("global.mail", "Ctrl+M", N_("Send by mail")),
    Binding("global.export", "Ctrl+E", N_("Export the list")),
    Binding("global.quit", "Ctrl+Q", N_("Quit")),
    Binding("today.previous", "Up", N_("previous stop"), hint_only=True),
    Binding("today.next", "Down", N_("stop"), hint_only=True),
    Binding("today.visit", "Space", N_("Start visit")),
    Binding("today.order", "O", N_("Take order")),
    Binding("today.card", "C", N_("Card")),
    Binding("today.brief", "B", N_("Call briefs of the day")),
    Binding("today.quote", "Q", N_("Quote to follow up")),
    Binding("today.replan", "R", N_("Re-plan the rest")),
    Binding("today.missed", "M", N_("skip or closed")),
    Binding("today.late", "T", N_("running late")),
    Binding("today.travel", "K", N_("kilometres and time")),
    Binding("today.mend", "H", N_("Mend what was missed")),
    Binding("today.take_back", "U", N_("Take the last step back")),
    Binding("today.lock", "L", N_("lock")),
    Binding("customers.filter", "/", N_("Filter")),
    Binding("customers.open", "Enter", N_("open"), hint_only=True),
    Binding("customers.new", "N", N_("New customer")),
    Binding("customers.export", "E", N_("Export")),
    Binding("customers.columns", "K", N_("Columns")),
    Binding("customer.visit", "Space", N_("Start visit")),
    Binding("customer.call", "L", N_("Log call")),
    Binding("customer.order", "O", N_("New order")),
    Binding("customer.quote", "Q", N_("New quote")),
    Binding("customer.search", "/", N_("Search the timeline")),
    Binding("customer.suggested", "S", N_("Suggested order")),
    Binding("customer.contacts", "T", N_("All contacts")),
    Binding("customer.documents", "D", N_("Documents")),
    Binding("customer.brief", "B", N_("Call brief")),
    Binding("customer.history", "H", N_("What changed here?")),
    Binding("customer.restore", "R", N_("put this value back")),
    Binding("customer.before", "U", N_("put back what was before")),
    Binding("customer.figures", "F", N_("all figures")),
    Binding("customer.add_file", "Shift+D", N_("Add a file")),
    Binding("customer.add_contact", "N", N_("New contact")),
    Binding("customer.save", "Ctrl+Enter", N_("Save the contact")),
    Binding("customer.tasks", "W", N_("Promises and tasks")),
    Binding("customer.done", "X", N_("done")),
    Binding("customer.sites", "A", N_("Sites")),
    Binding("customer.purchases", "Enter", N_("all purchases"), hint_only=True),
    Binding("customer.sku", "K", N_("reorder, par level, count")),
    Binding("customer.accuracy", "G", N_("How good it has been")),
    Binding("customer.close", "Esc", N_("back to the list")),
    Binding("brief.previous", "PgUp", N_("stop before")),
    Binding("brief.next", "PgDown", N_("next stop")),
    Binding("brief.card", "C", N_("Card")),
    Binding("brief.visit", "Space", N_("Start visit")),
    Binding("brief.day", "D", N_("the whole day on paper")),
    Binding("brief.close", "Esc", N_("back")),
    Binding("plan.previous", "PgUp", N_("Week before")),
    Binding("plan.next", "PgDown", N_("Week after")),
    Binding("plan.replan", "R", N_("Re-plan")),
    Binding("plan.fill", "F", N_("Fill free time")),
    Binding("plan.moved", "W", N_("Show what moved")),
    Binding("plan.lock", "L", N_("Lock")),
    Binding("plan.earlier", "Shift+Left", N_("Move to the day before")),
    Binding("plan.later", "Shift+Right", N_("Move to the day after")),
    Binding("plan.up", "Shift+Up", N_("Move up within the day")),
    Binding("plan.down", "Shift+Down", N_("Move down within the day")),
    Binding("plan.hour", "T", N_("Agree an hour")),
    Binding("plan.day", "D", N_("Hours and places of the day")),
    Binding("plan.leave", "V", N_("Enter leave")),
    Binding("plan.compare", "C", N_("Compare plans")),
    Binding("plan.accept", "A", N_("Take this plan")),
    Binding("plan.give", "X", N_("Give the plan to another program")),
    Binding("plan.weekdays", "U", N_("Usual weekdays that fit")),
    Binding("plan.one_week", "Alt+1", N_("One week")),
    Binding("plan.two_weeks", "Alt+2", N_("Two weeks")),
    Binding("plan.three_weeks", "Alt+3", N_("Three weeks")),
    Binding("plan.four_weeks", "Alt+4", N_("Four weeks")),
    Binding("plan.open", "Enter", N_("card"), hint_only=True),
    Binding("reorder.pick", "Space", N_("pick"), hint_only=True),
    Binding("reorder.quantity", "0–9", N_("change quantity"), hint_only=True),
    Binding("reorder.pack", "P", N_("other pack")),
    Binding("reorder.purchases", "Enter", N_("purchases behind it"), hint_only=True),
    Binding("reorder.pick_group", "A", N_("pick all of the customer")),
    Binding("reorder.not_now", "X", N_("not now, ask why")),
    Binding("reorder.order", "O", N_("take the order")),
    Binding("reorder.visit", "V", N_("plan a visit")),
    Binding("reorder.call", "C", N_("plan a call")),
    Binding("reorder.promise", "M", N_("promise something")),
    Binding("reorder.count", "N", N_("count the shelf")),
    Binding("reorder.kept", "S", N_("listed, par level, usual pack")),
    Binding("reorder.accuracy", "G", N_("How good it has been")),
    Binding("reorder.route", "T", N_("next route")),
    Binding("reorder.area", "F", N_("Territory or person")),
    Binding("reorder.by_urgency", "Alt+1", N_("By urgency")),
    Binding("reorder.by_customer", "Alt+2", N_("By customer")),
    Binding("reorder.by_sku", "Alt+3", N_("By SKU")),
    Binding("reorder.by_territory", "Alt+4", N_("By territory")),
    Binding("reorder.losses", "Alt+5", N_("At risk and lapsed")),
    Binding("reorder.export", "E", N_("Export")),
    Binding("reorder.add", "Ctrl+Enter", N_("Add to visit orders")),
    Binding("reorder.filter", "/", N_("Filter rows")),
    Binding("reorder.columns", "K", N_("Columns")),
    Binding("accuracy.company", "1", N_("the company")),
    Binding("accuracy.customer", "2", N_("the customer")),
    Binding("accuracy.measure", "R", N_("Measure again")),
    Binding("accuracy.close", "Esc", N_("back")),
    Binding("tasks.open", "Enter", N_("open"), hint_only=True),
    Binding("tasks.act", "A", N_("do what it asks for")),
    Binding("tasks.card", "C", N_("Card")),
    Binding("tasks.done", "D", N_("Done with it")),
    Binding("tasks.snooze", "S", N_("Put off until tomorrow")),
    Binding("tasks.week", "Shift+S", N_("Put off for a week")),
    Binding("tasks.until", "W", N_("Put off until a day")),
    Binding("lists.search", "/", N_("Search the list")),
    Binding("lists.filter", "F", N_("Filter by a sentence")),
    Binding("lists.views", "V", N_("Saved views")),
    Binding("lists.other", "L", N_("Another list")),
    Binding("lists.open", "Enter", N_("open"), hint_only=True),
    Binding("lists.pick", "Space", N_("pick"), hint_only=True),
    Binding("lists.pick_all", "A", N_("Pick all rows, or none")),
    Binding("lists.edit", "B", N_("Change the picked rows")),
    Binding("lists.save", "Ctrl+Shift+S", N_("Save the view")),
    Binding("lists.columns", "K", N_("Columns")),
    Binding("lists.export", "E", N_("Export")),
    Binding("orders.filter", "/", N_("Filter")),
    Binding("orders.open", "Enter", N_("open"), hint_only=True),
    Binding("orders.new", "N", N_("New order")),
    Binding("orders.export", "E", N_("Export")),
    Binding("quotes.filter", "/", N_("Filter")),
    Binding("quotes.open", "Enter", N_("open"), hint_only=True),
    Binding("quotes.follow", "F", N_("Follow up")),
    Binding("quotes.plan", "P", N_("Another day")),
    Binding("quotes.contact", "K", N_("Plan the call")),
    Binding("quotes.order", "O", N_("Make the order")),
    Binding("quotes.won", "W", N_("Won")),
    Binding("quotes.lost", "L", N_("Lost")),
    Binding("quotes.expired", "X", N_("Ran out")),
    Binding("quotes.new", "N", N_("New quote")),
    Binding("quotes.export", "E", N_("Export")),
    Binding("quote.previous", "Up", N_("line before"), hint_only=True),
    Binding("quote.next", "Down", N_("line"), hint_only=True),
    Binding("quote.quantity", "0–9", N_("quantity"), hint_only=True),
    Binding("quote.add", "A", N_("Add a line")),
    Binding("quote.pack", "P", N_("next pack")),
    Binding("quote.discount", "D", N_("discount and why")),
    Binding("quote.remove", "Del", N_("remove")),
    Binding("quote.terms", "T", N_("Title and terms")),
    Binding("quote.valid", "V", N_("Valid until")),
    Binding("quote.contact", "C", N_("next contact")),
    Binding("quote.send", "Ctrl+Enter", N_("Send")),
    Binding("quote.follow", "F", N_("Follow up")),
    Binding("quote.order", "O", N_("Make the order")),
    Binding("quote.won", "W", N_("Won")),
    Binding("quote.lost", "L", N_("Lost")),
    Binding("quote.expired", "X", N_("Ran out")),
    Binding("quote.revise", "R", N_("New version")),
    Binding("quote.call_back", "B", N_("Call back")),
    Binding("quote.reopen", "U", N_("Open again")),
    Binding("quote.version", "G", N_("other version")),
    Binding("quote.close", "Esc", N_("back")),
    Binding("pipeline.board", "Alt+1", N_("Board")),
    Binding("pipeline.list", "Alt+2", N_("List")),
    Binding("pipeline.leads", "Alt+3", N_("Leads")),
    Binding("pipeline.figures", "Alt+4", N_("Figures")),
    Binding("pipeline.filter", "/", N_("Filter")),
    Binding("pipeline.open", "Enter", N_("customer"), hint_only=True),
    Binding("pipeline.new", "N", N_("New opportunity")),
    Binding("pipeline.new_lead", "Shift+N", N_("New lead")),
    Binding("pipeline.forward", "Shift+Right", N_("Next stage")),
    Binding("pipeline.backward", "Shift+Left", N_("Stage before")),
    Binding("pipeline.won", "W", N_("Won")),
    Binding("pipeline.lost", "L", N_("Lost")),
    Binding("pipeline.ended", "X", N_("Not buying again")),
    Binding("pipeline.reopen", "U", N_("Open again")),
    Binding("pipeline.step", "S", N_("Next step")),
    Binding("pipeline.edit", "T", N_("Change")),
    Binding("pipeline.shares", "D", N_("Shares")),
    Binding("pipeline.quote", "Q", N_("New quote")),
    Binding("pipeline.documents", "G", N_("Its quotes and orders")),
    Binding("pipeline.give", "P", N_("Give to somebody")),
    Binding("pipeline.qualify", "A", N_("Qualify")),
    Binding("pipeline.contacted", "K", N_("Contacted")),
    Binding("pipeline.convert", "C", N_("Convert the lead")),
    Binding("pipeline.disqualify", "R", N_("Disqualify")),
    Binding("pipeline.person", "F", N_("Whose pipeline")),
    Binding("pipeline.lines", "B", N_("Time lines by rep or reason")),
    Binding("pipeline.export", "E", N_("Export")),
    Binding("order.previous", "Up", N_("line before"), hint_only=True),
    Binding("order.next", "Down", N_("line"), hint_only=True),
    Binding("order.quantity", "0–9", N_("quantity"), hint_only=True),
    Binding("order.submit", "Ctrl+Enter", N_("Submit")),
    Binding("order.pack", "P", N_("next pack")),
    Binding("order.remove", "Del", N_("remove")),
    Binding("order.add", "A", N_("Add a line")),
    Binding("order.use_usual", "U", N_("Use the usual quantity")),
    Binding("order.keep", "K", N_("Keep the quantity")),
    Binding("order.also_1", "Alt+1", N_("Add the first suggestion")),
    Binding("order.also_2", "Alt+2", N_("Add the second suggestion")),
    Binding("order.also_3", "Alt+3", N_("Add the third suggestion")),
    Binding("order.discount", "D", N_("discount and why")),
    Binding("order.gift", "G", N_("Take the offered gift")),
    Binding("order.instead", "I", N_("Take the substitute")),
    Binding("order.repeat", "L", N_("Add the last order's lines")),
    Binding("order.delivery", "T", N_("Day of delivery")),
    Binding("order.reference", "C", N_("The customer's order number")),
    Binding("order.note", "N", N_("Note")),
    Binding("order.sign", "S", N_("Signature")),
    Binding("order.again", "O", N_("Order again")),
    Binding("order.call_back", "B", N_("Call back")),
    Binding("order.discard", "Ctrl+Del", N_("Delete draft")),
    Binding("order.close", "Esc", N_("back to the visit")),
    Binding("inbox.pick", "Space", N_("pick"), hint_only=True),
    Binding("inbox.accept", "A", N_("Accept")),
    Binding("inbox.reject", "R", N_("Reject")),
    Binding("inbox.alter", "E", N_("Alter")),
    Binding("inbox.ship", "S", N_("Shipped")),
    Binding("inbox.invoice", "I", N_("Invoice")),
    Binding("inbox.reopen", "U", N_("Let it wait again")),
    Binding("inbox.keep_price", "P", N_("prices as agreed")),
    Binding("inbox.card", "Enter", N_("customer"), hint_only=True),
    Binding("inbox.sheet", "O", N_("whole order")),
    Binding("inbox.new", "N", N_("order by phone")),
    Binding("inbox.rep", "F", N_("rep, territory")),
    Binding("inbox.filter", "/", N_("Filter")),
    Binding("inbox.save", "Ctrl+Enter", N_("Keep the alteration")),
    Binding("inbox.drop", "Del", N_("line off")),
    Binding("inbox.add", "L", N_("Add a line")),
    Binding("inbox.sooner", "Ctrl+Left", N_("Deliver a day sooner")),
    Binding("inbox.later", "Ctrl+Right", N_("Deliver a day later")),
    Binding("inbox.leave", "Esc", N_("Close without saving")),
    Binding("inbox.cover", "C", N_("cover for a rep")),
    Binding("attention.part1", "Alt+1", N_("Models")),
    Binding("attention.part2", "Alt+2", N_("Proposals from data")),
    Binding("attention.part3", "Alt+3", N_("Exceptions")),
    Binding("attention.part4", "Alt+4", N_("All customers")),
    Binding("attention.pick", "Space", N_("pick"), hint_only=True),
    Binding("attention.open", "Enter", N_("open"), hint_only=True),
    Binding("attention.edit", "E", N_("change")),
    Binding("attention.behind", "W", N_("customers behind it")),
    Binding("attention.accept", "A", N_("Accept")),
    Binding("attention.remove", "Del", N_("follow the model again")),
    Binding("attention.new", "N", N_("New model")),
    Binding("attention.save", "Ctrl+Enter", N_("Save the model")),
    Binding("coverage.part1", "Alt+1", N_("Coverage by rep")),
    Binding("coverage.part2", "Alt+2", N_("Coverage by class")),
    Binding("coverage.part3", "Alt+3", N_("Why visits were missed")),
    Binding("coverage.part4", "Alt+4", N_("Balance of territories")),
    Binding("coverage.part5", "Alt+5", N_("Move customers")),
    Binding("coverage.figure", "F", N_("next figure")),
    Binding("coverage.rows", "W", N_("rows behind it")),
    Binding("coverage.open", "Enter", N_("open"), hint_only=True),
    Binding("coverage.pick", "Space", N_("pick"), hint_only=True),
    Binding("coverage.period", "P", N_("period")),
    Binding("coverage.search", "/", N_("Find customers that move")),
    Binding("coverage.every", "A", N_("every territory")),
    Binding("coverage.target", "T", N_("where they go")),
    Binding("coverage.note", "N", N_("handover note")),
    Binding("coverage.cover", "C", N_("cover for a rep")),
    Binding("coverage.move", "Ctrl+Enter", N_("Move customers")),
    Binding("maps.part1", "Alt+1", N_("Places")),
    Binding("maps.part2", "Alt+2", N_("Maps")),
    Binding("maps.build", "N", N_("Make a map of an extract")),
    Binding("maps.add", "F", N_("Add a map file")),
    Binding("maps.stop", "Shift+Esc", N_("Stop making the map")),
    Binding("maps.publish", "P", N_("Give to everybody, or no longer")),
    Binding("maps.fetch", "D", N_("Fetch from HQ")),
    Binding("maps.remove", "Del", N_("Remove from here")),
    Binding("maps.put", "Space", N_("pin under the cross"), hint_only=True),
    Binding("maps.keep", "Enter", N_("keep the pin"), hint_only=True),
    Binding("maps.map", "M", N_("to the map")),
    Binding("maps.card", "C", N_("Card")),
    Binding("maps.heat", "H", N_("Worth of what is due")),
    Binding("maps.territories", "T", N_("Territories")),
    Binding("cover.pick", "Space", N_("visit moves along"), hint_only=True),
    Binding("cover.give", "Ctrl+Enter", N_("Give cover")),
    Binding("cover.days", "D", N_("days")),
    Binding("cover.kind", "K", N_("sick or on holiday")),
    Binding("cover.end", "Del", N_("end it")),
    Binding("cover.close", "Esc", N_("back")),
    Binding("order.returning", "Shift+R", N_("Take a return")),
    Binding("order.collecting", "Shift+M", N_("Collect money")),
    Binding("order.sampling", "Shift+F", N_("Give a sample")),
    Binding("customer.returning", "Shift+R", N_("Take a return")),
    Binding("customer.collecting", "Shift+M", N_("Collect money")),
    Binding("customer.sampling", "Shift+F", N_("Give a sample")),
    Binding("today.returning", "Shift+R", N_("Take a return")),
    Binding("today.collecting", "Shift+M", N_("Collect money")),
    Binding("today.sampling", "Shift+F", N_("Give a sample")),
    Binding("today.day_end", "Shift+E", N_("End of day")),
    Binding("orders.day_end", "Shift+E", N_("End of day")),
    Binding("collecting.take", "Ctrl+Enter", N_("Write receipt")),
    Binding("collecting.method", "Alt+M", N_("other way of paying")),
    Binding("collecting.all", "Alt+A", N_("all that is owed")),
    Binding("collecting.late", "Alt+L", N_("what is late")),
    Binding("collecting.invoice", "Enter", N_("pay this invoice first"), hint_only=True),
    Binding("collecting.back", "Ctrl+Del", N_("take the receipt back")),
    Binding("collecting.close", "Esc", N_("back")),
    Binding("returning.previous", "Up", N_("line before"), hint_only=True),
    Binding("returning.next", "Down", N_("line"), hint_only=True),
    Binding("returning.quantity", "0–9", N_("quantity"), hint_only=True),
    Binding("returning.pack", "P", N_("next pack")),
    Binding("returning.reason", "R", N_("next reason")),
    Binding("returning.condition", "C", N_("next condition")),
    Binding("returning.wish", "W", N_("credit or exchange")),
    Binding("returning.note", "N", N_("Note")),
    Binding("returning.add", "A", N_("Another product")),
    Binding("returning.submit", "Ctrl+Enter", N_("Submit return")),
    Binding("returning.close", "Esc", N_("back")),
    Binding("sampling.add", "A", N_("Find a product")),
    Binding("sampling.back", "Del", N_("take back")),
    Binding("sampling.close", "Esc", N_("back")),
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
    Binding("service.leave", "Esc", N_("back")),
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
    Binding("visit.card", "C", N_("Card")),
    Binding("visit.close", "Esc", N_("back")),
    Binding("today.sheet", "V", N_("Visit sheet")),
    Binding("customer.service", "Shift+T", N_("Tickets")),
    Binding("customer.sheet", "V", N_("Visit sheet")),
    Binding("day_end.count", "C", N_("Count the cash")),
    Binding("day_end.note", "N", N_("Note")),
    Binding("day_end.open", "Enter", N_("customer"), hint_only=True),
    Binding("day_end.close_sheet", "Ctrl+Enter", N_("Close the sheet")),
    Binding("day_end.close", "Esc", N_("back")),
    Binding("company.save", "Ctrl+Enter", N_("Save")),
    Binding("company.logo", "Ctrl+L", N_("Choose a picture")),
    Binding("prices.lists", "Alt+1", N_("Price lists")),
    Binding("prices.promotions", "Alt+2", N_("Promotions")),
    Binding("prices.costs", "Alt+3", N_("Costs")),
    Binding("prices.margins", "Alt+4", N_("Margins")),
    Binding("prices.trial", "Alt+5", N_("Try a change")),
    Binding("prices.filter", "/", N_("Filter")),
    Binding("prices.edit", "Enter", N_("open"), hint_only=True),
    Binding("prices.new", "N", N_("New")),
    Binding("prices.change", "P", N_("Change at once")),
    Binding("prices.activate", "A", N_("Put in force")),
    Binding("prices.put_away", "X", N_("End")),
    Binding("prices.add", "R", N_("Add a price")),
    Binding("prices.remove", "Del", N_("take out")),
    Binding("prices.agree", "G", N_("Agree a price")),
    Binding("prices.try", "T", N_("Try on last year")),
    Binding("prices.customer", "C", N_("this customer")),
    Binding("prices.sku", "S", N_("this SKU")),
    Binding("prices.whole", "W", N_("Whole company")),
    Binding("prices.view", "V", N_("Other rows")),
    Binding("prices.export", "E", N_("Export")),
    Binding("prices.rules", "O", N_("Company rules")),
    Binding("prices.submit", "Ctrl+Enter", N_("Carry out")),
    Binding("prices.leave", "Esc", N_("close without saving")),
    Binding("sync.try", "F5", N_("Try now")),
    Binding("sync.cancel", "Esc", N_("Stop the round")),
    Binding("sync.previous", "Up", N_("before")),
    Binding("sync.next", "Down", N_("next")),
    Binding("sync.field_before", "Shift+Up", N_("field before")),
    Binding("sync.field_next", "Shift+Down", N_("next field")),
    Binding("sync.mine", "M", N_("Keep mine")),
    Binding("sync.theirs", "T", N_("Keep theirs")),
    Binding("sync.other", "E", N_("Another value")),
    Binding("sync.restore", "R", N_("restore the other")),
    Binding("sync.fine", "Enter", N_("fine as it is")),
    Binding("sync.open", "O", N_("Open the copy")),
    Binding("sync.retry", "S", N_("Send again")),
    Binding("sync.needs", "N", N_("Need you")),
    Binding("sync.proposals", "P", N_("Proposals")),
    Binding("sync.settled", "H", N_("What was settled")),
    Binding("sync.pick", "Space", N_("pick")),
    Binding("sync.pick_all", "Ctrl+A", N_("pick all")),
    Binding("sync.accept", "A", N_("Accept")),
    Binding("sync.dismiss", "X", N_("Dismiss")),
    Binding("sync.reopen", "U", N_("Take back")),
    Binding("sync.details", "D", N_("all of a session")),
)
KEYS = {binding.action: binding for binding in _ALL}
_SHOWN = {"Up": "↑", "Down": "↓", "Left": "←", "Right": "→", "Ctrl++": "Ctrl +", "Ctrl+-": "Ctrl −"}


def shown(key: str) -> str:
    """A key as its cap shows it: arrows as arrows."""
    if key in _SHOWN:
        return _SHOWN[key]
    head, plus, last = key.rpartition("+")
    return f"{head}{plus}{_SHOWN.get(last, last)}"


def hint(action: str) -> str:
    """The key of an action as shown in its cap; raises KeyError for an unknown action."""
    return shown(KEYS[action].key)


def title(action: str) -> str:
    """The words of an action in the person's language."""
    return _(KEYS[action].title)


def of_place(place: str) -> list[Binding]:
    """All bindings that work in a place, its own first, then the global ones."""
    own = [binding for binding in _ALL if binding.place == place]
    return own + [binding for binding in _ALL if binding.place == GLOBAL and place != GLOBAL]


def sequences(key: str) -> list[QKeySequence]:
    """The Qt sequences of a key; Enter means Return and the keypad's Enter."""
    if key.endswith("Enter"):
        return [QKeySequence(key), QKeySequence(key[: -len("Enter")] + "Return")]
    return [QKeySequence(key)]


def clashes() -> list[tuple[str, str, str]]:
    """Pairs of actions that share a key within one place (or with a global one), and the key."""
    found = []
    for place in {binding.place for binding in _ALL}:
        taken: dict[str, str] = {}
        for binding in of_place(place):
            if binding.key in taken:
                found.append((taken[binding.key], binding.action, binding.key))
            taken[binding.key] = binding.action
    return found


def bind(widget: QWidget, action: str, slot: Callable[[], object]) -> list[QShortcut]:
    """Call ``slot`` on the action's key while the focus is inside ``widget``.

    Global actions work in the whole window. Fields keep the letters typed into them: Qt asks the
    focused field first.
    """
    context = (
        Qt.ShortcutContext.WindowShortcut
        if KEYS[action].place == GLOBAL
        else Qt.ShortcutContext.WidgetWithChildrenShortcut
    )
    made = []
    for sequence in sequences(KEYS[action].key):
        shortcut = QShortcut(sequence, widget)
        shortcut.setObjectName(action)
        shortcut.setContext(context)
        shortcut.activated.connect(slot)
        made.append(shortcut)
    return made
