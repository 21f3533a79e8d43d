"""Tasks and notices: one quiet list of what waits, each with its one key, put off or put aside."""
