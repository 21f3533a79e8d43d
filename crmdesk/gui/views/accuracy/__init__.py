"""How good the reorder forecast has been: for the company, and for one customer."""
