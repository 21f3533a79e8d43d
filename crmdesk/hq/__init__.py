"""The HQ server: the central store on PostgreSQL, the sync endpoints, administration."""
