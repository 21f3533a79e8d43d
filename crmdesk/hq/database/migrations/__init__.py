"""Alembic revisions of HQ's store; imported only when the schema has to change."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config


def alembic_config() -> Config:
    """The configuration of these revisions, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
