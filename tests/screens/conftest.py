"""The profile, runner and maps of the interface tests, for pictures of whole places."""

from tests.gui.conftest import demo, demo_template, runner, synchronous_maps

__all__ = ["demo", "demo_template", "runner", "synchronous_maps"]
