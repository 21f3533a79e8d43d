"""What an administrator does: people, backup, restore, checks, settings, audit, distribution."""
