"""Read functions: frozen row dataclasses from columns, paged by key, one module per place."""
