"""What a person who was erased is called, on laptops and at HQ."""

NAMELESS = "–"
"""Stands where a person who was erased has to have a name."""
