"""Visit planning: who is due, how far it is, which customers on which day and in which order.

Pure calculations on plain values: no files, no database, no Qt, no clock of its own. The services
build a `Problem`, call `solve` and store the `Plan`.
"""
