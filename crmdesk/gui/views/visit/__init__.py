"""The visit sheet: one customer's visit or call, and what is told of it."""
