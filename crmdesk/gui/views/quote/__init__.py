"""One quote: its lines, terms, follow-ups and versions."""
