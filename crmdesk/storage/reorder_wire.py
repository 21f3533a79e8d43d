"""A reorder model as a small document that means the same on every machine.

Owns the form in which a fitted model is kept and sent: SKUs by a digest of their uid instead of a
local number, columns packed and compressed, and a bound on the size. Leaves what a model holds to
:mod:`crmdesk.analytics.reorder.model`: columns that are added there travel without a change here.
Whoever scores with a model takes it from this form, also where it was fitted, so that everybody
uses the very same numbers.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder import ReorderModel
from crmdesk.analytics.reorder.model import MODEL_VERSION
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

FORMAT = 1
MOST_CHARACTERS = 240_000
"""A row's document may have 256 KiB at HQ; this leaves room for the names around the columns."""

_DIGEST_BYTES = 6
_GRID = 2.0**20
_MOST_UNPACKED = 1 << 26
_Array = npt.NDArray[Any]


def sku_digest(uid: bytes) -> int:
    """The number that stands for a SKU in a model: 48 bits of its uid's digest."""
    return int.from_bytes(hashlib.blake2b(uid, digest_size=_DIGEST_BYTES).digest(), "big")


def packed(model: ReorderModel, uids: Mapping[int, bytes]) -> dict[str, Any]:
    """The model as a JSON document; ``uids`` by the numbers that its SKUs have here.

    A SKU without a uid, or with the digest of another, is left out; so are, beyond
    ``MOST_CHARACTERS``, those that have sold least of late: they get the facts of an unknown SKU.
    """
    plain = model.to_dict()
    columns = {name: np.asarray(values) for name, values in plain.pop("skus").items()}
    local = columns.pop("sku").tolist()
    digests = np.array([sku_digest(uids[s]) if s in uids else -1 for s in local], dtype=np.int64)
    kept = _alone(digests)
    weight = _weights(columns, len(digests))
    while True:
        rows = kept[np.argsort(digests[kept])]
        text, described = _pressed(
            {"sku": digests[rows], **{name: column[rows] for name, column in columns.items()}}
        )
        if len(text) <= MOST_CHARACTERS:
            return {"format": FORMAT, "model": plain, "columns": described, "skus": text}
        fewer = min(len(kept) - 1, int(len(kept) * MOST_CHARACTERS / len(text) * 0.98))
        kept = kept[np.argsort(-weight[kept], kind="stable")[:fewer]]


def is_known(document: Any) -> bool:
    """Whether this program can use the document of a model."""
    return (
        isinstance(document, dict)
        and document.get("format") == FORMAT
        and isinstance(document.get("model"), dict)
        and document["model"].get("version") == MODEL_VERSION
    )


def unpacked(document: Any, keys: Mapping[bytes, int]) -> ReorderModel:
    """The model of a document, its SKUs by the numbers in ``keys``; others are left out.

    UserError for a document that is none or is damaged.
    """
    try:
        if not is_known(document):
            raise ValueError("not a document of this version")
        columns = _unpressed(document["skus"], document["columns"])
        mine = {sku_digest(uid): key for uid, key in keys.items()}
        found = [(mine[d], row) for row, d in enumerate(columns["sku"].tolist()) if d in mine]
        found.sort()
        rows = [row for _key, row in found]
        skus = {name: column[rows].tolist() for name, column in columns.items() if name != "sku"}
        skus["sku"] = [key for key, _row in found]
        return ReorderModel.from_dict({**document["model"], "skus": skus})
    except (KeyError, TypeError, ValueError, IndexError, zlib.error) as error:
        raise UserError(_("The reorder model cannot be read.")) from error


def _alone(digests: _Array) -> _Array:
    """Rows whose digest is known and no other's."""
    _values, at, count = np.unique(digests, return_inverse=True, return_counts=True)
    return np.flatnonzero((digests >= 0) & (count[at] == 1))


def _weights(columns: Mapping[str, _Array], size: int) -> _Array:
    """How much would be lost without each SKU: its sales of late, then how unusual it is."""
    recent = columns.get("last_90", np.zeros(size))
    factor = columns.get("factor", np.ones(size))
    return np.asarray(recent + np.minimum(np.abs(factor - 1.0), 0.999))


def _pressed(columns: Mapping[str, _Array]) -> tuple[str, list[list[Any]]]:
    """The columns as one text, and of each ``[name, kind, shape]``.

    Sorted digests are kept as steps; numbers on the grid of 2^−20 as whole ones. Of each column
    the lowest bytes stand together, then the next: so the empty ones vanish in the compression.
    """
    parts, described = [], []
    for name, column in columns.items():
        kind, whole = _as_whole(name, column)
        described.append([name, kind, list(column.shape)])
        # Two's complement would fill the upper bytes of every small negative number.
        folded = (whole << 1) ^ (whole >> 63) if kind != "float" else whole
        parts.append(folded.astype("<i8").reshape(-1, 1).view(np.uint8).T.tobytes())
    return base64.b85encode(zlib.compress(b"".join(parts), 9)).decode(), described


def _as_whole(name: str, column: _Array) -> tuple[str, _Array]:
    if name == "sku":
        return "steps", np.diff(column, prepend=0)
    if column.dtype.kind in "iub":
        return "whole", column.astype(np.int64)
    scaled = column.astype(np.float64) * _GRID
    fits = (np.abs(scaled) < 2.0**40) & (scaled == np.rint(scaled))
    if bool(np.all(fits & ~((scaled == 0.0) & np.signbit(scaled)))):
        return "grid", scaled.astype(np.int64)
    return "float", np.ascontiguousarray(column, dtype=np.float64).view(np.int64)


def _unpressed(text: str, described: list[list[Any]]) -> dict[str, _Array]:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b85decode(text), _MOST_UNPACKED)
    columns, start = {}, 0
    for name, kind, shape in described:
        size = int(np.prod(shape, dtype=np.int64)) * 8
        planes = np.frombuffer(data[start : start + size], dtype=np.uint8).reshape(8, -1)
        start += size
        stored = np.ascontiguousarray(planes.T).view("<i8").reshape(-1).astype(np.int64)
        columns[str(name)] = _as_stored(kind, stored).reshape(shape)
    return columns


def _as_stored(kind: str, stored: _Array) -> _Array:
    if kind == "float":
        return stored.view(np.float64)
    whole = ((stored >> 1) & np.int64(2**63 - 1)) ^ -(stored & 1)
    if kind == "steps":
        return np.asarray(np.cumsum(whole))
    return np.asarray(whole / _GRID) if kind == "grid" else whole
