"""Secondary indexes taken away while many rows are written, and built in one go afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from crmdesk.storage.tables import table, whole_metadata

LIST_INDEXES = (
    ("list_account_name", "account", "lower(name)"),
    ("list_account_city", "account", "lower(coalesce(city, ''))"),
    ("list_account_class", "account", "class"),
    ("list_account_channel", "account", "lower(coalesce(channel, ''))"),
    ("list_contact_name", "contact", "name COLLATE NOCASE, id"),
    ("list_contact_birthday", "contact", "birthday) WHERE (birthday IS NOT NULL"),
    ("list_contact_day", "contact", "coalesce(substr(birthday, 6, 5), '')"),
    ("list_contact_job", "contact", "lower(coalesce(job, ''))"),
    ("list_contact_language", "contact", "lower(coalesce(language, ''))"),
    ("list_contact_best_time", "contact", "lower(coalesce(best_time, ''))"),
    ("list_contact_consent", "contact", "coalesce(substr(consent_at, 1, 10), '')"),
    ("list_order_status", "sales_order", "status"),
    ("list_order_date", "sales_order", "order_date"),
    ("list_order_delivery", "sales_order", "coalesce(delivery_date, '')"),
    ("list_order_net", "sales_order", "net_minor"),
    ("list_order_discount", "sales_order", "discount_minor"),
    ("list_order_total", "sales_order", "total_minor, net_minor, discount_minor, status"),
    ("list_order_margin", "sales_order", "net_minor - cost_minor"),
    ("list_order_reference", "sales_order", "lower(coalesce(customer_reference, ''))"),
    ("list_order_user", "sales_order", "user_id"),
    ("list_quote_date", "quote", "quote_date"),
    ("list_invoice_date", "invoice", "date, id"),
    ("list_invoice_due", "invoice", "due_on"),
    ("list_invoice_total", "invoice", "total_minor, open_minor"),
    ("list_invoice_open", "invoice", "open_minor"),
    ("list_visit_date", "visit", "date, id"),
    ("list_visit_mode", "visit", "mode"),
    ("list_visit_outcome", "visit", "coalesce(outcome, '')"),
    ("list_visit_reason", "visit", "reason_id"),
    ("list_visit_next_step", "visit", "coalesce(next_step_on, '')"),
    (
        "list_visit_minutes", "visit",
        "coalesce(round((julianday(ended_at) - julianday(started_at)) * 1440), 0)",
    ),
    ("list_quote_sent", "quote", "valid_until) WHERE (status = 'sent'"),
    ("list_opportunity_stage", "opportunity", "stage, next_step_on"),
    ("list_promise_open", "promise", "due_on) WHERE (done_at IS NULL"),
    (
        "list_account_silent", "summary_account",
        "last_on, order_days, first_on, net_12m_minor) WHERE (next_visit_on IS NULL",
    ),
    ("list_pair_bought", "summary_pair", "account_id, state, n, product_id"),
    ("list_promise_due", "promise", "coalesce(due_on, '')"),
    ("list_opportunity_close", "opportunity", "coalesce(expected_close, '')"),
    ("list_lead_created", "lead", "coalesce(created_on, '')"),
    ("list_ticket_opened", "ticket", "date"),
)  # fmt: skip
"""(name, table, columns): the orders in which the long lists are walked, written as their queries
are, so that a page of them costs a page. Rows of equal value follow by their id."""


def create_list_indexes(connection: Connection) -> None:
    """Make the indexes of the lists; they are of the laptop only and of no entity."""
    for _name, ddl in _of_lists(None):
        connection.exec_driver_sql(ddl)


def drop_list_indexes(connection: Connection) -> None:
    """Take them away while tables change: no tool reads back what they are made of."""
    for name, _of, _columns in LIST_INDEXES:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")


def _of_lists(table_name: str | None) -> list[tuple[str, str]]:
    return [
        (name, f"CREATE INDEX IF NOT EXISTS {name} ON {of} ({columns})")
        for name, of, columns in LIST_INDEXES
        if table_name in (None, of)
    ]


def secondary_indexes(table_name: str | None = None) -> list[tuple[str, str]]:
    """(name, CREATE INDEX statement) of a table's indexes, or of all, sorted by name.

    Those of the lists are not among them.
    """
    tables = whole_metadata().sorted_tables if table_name is None else [table(table_name)]
    return sorted(
        (
            str(index.name),
            _create(str(index.name), each.name, [column.name for column in index.columns]),
        )
        for each in tables
        for index in each.indexes
    )


def _create(name: str, table: str, columns: list[str]) -> str:
    return f"CREATE INDEX {name} ON {table} ({', '.join(columns)})"


@contextmanager
def indexes_built_afterwards(
    connection: Connection, table_name: str | None = None
) -> Iterator[None]:
    """Drop the indexes of a table, or of all tables, and make them again at the end.

    Within the caller's transaction, so that an error brings them back with everything else.
    """
    indexes = secondary_indexes(table_name) + _of_lists(table_name)
    for name, _ddl in indexes:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    yield
    for _name, ddl in indexes:
        connection.exec_driver_sql(ddl)
