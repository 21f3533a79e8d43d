"""HQ's pages for administrators: fetched, and read as numbers."""

from __future__ import annotations

import httpx2
from prometheus_client.parser import text_string_to_metric_families


def get(url: str, token: str = "") -> httpx2.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with httpx2.Client(timeout=10.0) as client:
        return client.get(url, headers=headers)


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of an exposition: (name, sorted labels) → value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
