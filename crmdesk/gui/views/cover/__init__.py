"""Cover: a colleague stands in for a rep who is away."""
