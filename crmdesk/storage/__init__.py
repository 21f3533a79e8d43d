"""The encrypted local store: tables, migrations, capture, search, crypto, backup."""
