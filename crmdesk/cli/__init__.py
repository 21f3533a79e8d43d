"""The command line: one module per command group; it prints and exits, services do the work."""
