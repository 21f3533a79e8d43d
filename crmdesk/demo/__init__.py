"""The demo company: deterministic, believable, made in bulk."""
