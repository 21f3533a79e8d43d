"""Reorder: what which customer will need, how likely, how much; picked into orders."""
