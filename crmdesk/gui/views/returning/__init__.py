"""Returning: what a customer gives back, line by line, with reason and credit."""
