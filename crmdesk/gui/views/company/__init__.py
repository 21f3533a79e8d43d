"""Company: what stands on every document: address, bank, terms, logo."""
