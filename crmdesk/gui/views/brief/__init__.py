"""The call brief: what to know in the doorway, one screen per customer."""
