"""What laptops and HQ exchange: push and what follows, pull, snapshot, comparison, files."""
