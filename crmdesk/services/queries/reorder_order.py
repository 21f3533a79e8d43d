"""Pairs in the order in which SQLite is to read them: by customer, or by likelihood.

It would rather go through an index on the state and find nearly every pair of the company one by
one; customer by customer takes a sixth of that. The first page alone goes by likelihood.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Join
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from crmdesk.storage.tables import summary_pair, table

_p = summary_pair.c
_account, _product = table("account"), table("product")


class _InThisOrder(Join):
    """A join whose tables SQLite reads in the order written."""

    inherit_cache = True


@compiles(_InThisOrder)
def _in_this_order(element: _InThisOrder, compiler: SQLCompiler, **how: Any) -> str:
    joined = compiler.visit_join(element, **how)  # type: ignore[no-untyped-call]
    return str(joined).replace(" JOIN ", " CROSS JOIN ")


ACCOUNT_PAIRS = _account.join(summary_pair, _p.account_id == _account.c.id)
BY_CUSTOMER = _InThisOrder(ACCOUNT_PAIRS, _product, _product.c.id == _p.product_id)
BY_LIKELIHOOD = _InThisOrder(
    _InThisOrder(summary_pair, _account, _account.c.id == _p.account_id),
    _product,
    _product.c.id == _p.product_id,
)
