"""What a person can do: commands (one function per intent) and queries (read functions)."""
