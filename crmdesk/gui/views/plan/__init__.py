"""Plan: the week as days side by side, its map, and who is left out."""
