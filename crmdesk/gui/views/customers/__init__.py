"""Customers: the list with search, filters and a preview of the selected one."""
