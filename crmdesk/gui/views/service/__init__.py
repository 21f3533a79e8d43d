"""The service place: tickets, their clocks, how content customers are."""
