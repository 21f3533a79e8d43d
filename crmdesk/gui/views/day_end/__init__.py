"""End of day: what was collected, and the cash counted against it."""
