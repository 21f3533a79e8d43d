"""Prices: lists and versions, promotions, costs, margins, and a change tried on last year."""
