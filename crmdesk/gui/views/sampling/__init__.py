"""Sampling: what a customer was given to try, and what came of it."""
