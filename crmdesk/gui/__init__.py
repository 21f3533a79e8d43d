"""The desktop face of crmdesk: windows, views and the jobs that feed them."""
