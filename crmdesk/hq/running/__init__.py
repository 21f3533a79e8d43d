"""The running server: HTTP, endpoints, processes, limits, logs, metrics, upkeep, sync by file."""
