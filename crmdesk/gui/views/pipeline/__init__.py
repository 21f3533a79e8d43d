"""The pipeline: leads, opportunities on a board and in a list, and their figures."""
