"""Customer: one screen with everything about one customer."""
