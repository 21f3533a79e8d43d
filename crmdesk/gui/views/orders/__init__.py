"""Orders: the list by status."""
