"""Rules: the service's hours and targets, and the company's own fields of a customer."""
