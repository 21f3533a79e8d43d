"""Reorder: when a customer will need a SKU again, and how much.

``purchase_days`` turns sold lines into net purchase-days, ``fit`` makes a model of the
organisation's history, ``score`` forecasts every pair (account × SKU), ``packs`` rounds a quantity
to a packaging and ``backtest`` says how good all of it has been.
"""

from crmdesk.analytics.reorder.backtest import BacktestReport, backtest
from crmdesk.analytics.reorder.forecast import Forecasts, score
from crmdesk.analytics.reorder.model import ReorderModel
from crmdesk.analytics.reorder.purchases import PurchaseDays, SaleLines, purchase_days
from crmdesk.analytics.reorder.quantity import Packaging, packs
from crmdesk.analytics.reorder.states import STATES, ReorderState
from crmdesk.analytics.reorder.training import fit

__all__ = [
    "STATES",
    "BacktestReport",
    "Forecasts",
    "Packaging",
    "PurchaseDays",
    "ReorderModel",
    "ReorderState",
    "SaleLines",
    "backtest",
    "fit",
    "packs",
    "purchase_days",
    "score",
]
