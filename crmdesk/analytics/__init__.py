"""Pure calculations on arrays: reorder, value and field figures.

Nothing here reads a file, a database or a clock: callers pass arrays and days, and get arrays and
small records back. Texts, storage and screens belong to the layers above.
"""
