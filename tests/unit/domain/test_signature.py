"""Signatures: whatever is drawn fits, comes back as it was stored, and nonsense is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.signature import MOST_POINTS, MOST_STROKES, SCALE, drawn, read_signature

points = st.tuples(st.floats(-50, 700), st.floats(-50, 300))


@given(st.lists(st.lists(points, max_size=40), max_size=12))
def test_what_is_drawn_is_stored_and_read_again(strokes: list[list[tuple[float, float]]]) -> None:
    found = drawn(strokes, 600, 200)
    if not any(strokes):
        assert found is None
        return
    assert found is not None
    again = read_signature(json.loads(json.dumps(found.document())))
    assert again == found
    assert all(0 <= v <= SCALE for stroke in found.strokes for point in stroke for v in point)


def test_the_longest_scribble_is_bounded() -> None:
    wild = [[(n * 7 % 600, n * 13 % 200) for n in range(4_000)] for _stroke in range(100)]
    found = drawn(wild, 600, 200)
    assert found is not None
    assert len(found.strokes) <= MOST_STROKES
    assert sum(len(stroke) for stroke in found.strokes) <= MOST_POINTS
    assert len(json.dumps(found.document())) < 32_000


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"strokes": []},
        {"strokes": [[]]},
        {"strokes": [[[1, 2, 3]]]},
        {"strokes": [[[0, SCALE + 1]]]},
        {"strokes": [[[True, 1]]]},
        {"strokes": [[[1, 2]]], "aspect": 1},
        {"strokes": [[[1, 2]]] * (MOST_STROKES + 1)},
        {"strokes": [[[1, 2]] * (MOST_POINTS + 1)]},
    ],
)
def test_what_is_no_signature_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_signature(document)
