"""A small company copied for each test: ``template`` names the profile that is copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.services.workspace import Workspace, open_workspace
from tests.gui.desk_company import NOW


@pytest.fixture
def ws(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the company, opened by its rep."""
    shutil.copytree(template, tmp_path / "profile")
    workspace = open_workspace(tmp_path / "profile", lambda: NOW)
    yield workspace
    workspace.close()
