"""Coverage: who is visited and who is not, why visits were missed, the balance of work."""
