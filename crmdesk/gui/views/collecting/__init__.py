"""Collecting: money taken at the customer's, against open invoices, with a receipt."""
