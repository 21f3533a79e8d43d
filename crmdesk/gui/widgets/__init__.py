"""Widgets shared by the places; each module holds one family of them."""
