"""crmdesk, the offline desktop CRM for field sales."""

__version__ = "0.1.0"
