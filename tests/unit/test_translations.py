"""Every text of the interface can be translated, and every translation is whole.

Owns what holds for all catalogues at once; `./dev translations` brings them up to the source.
"""

import re
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

_ROOT = Path(__file__).resolve().parents[2]
_CATALOGUES = sorted((_ROOT / "resources" / "translations").rglob("*.po"))
_KEYWORDS = {**DEFAULT_KEYWORDS, "pgettext": ((1, "c"), 2)}


@cache
def _source() -> Catalog:
    catalog = Catalog()
    found = extract_from_dir(
        str(_ROOT / "crmdesk"), method_map=[("**.py", "python")], keywords=_KEYWORDS
    )
    for path, line, message, _comments, context in found:
        catalog.add(message, locations=[(path, line)], context=context)
    return catalog


def _texts(message: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    assert message is not None
    return (message,) if isinstance(message, str) else tuple(message)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _where(message: Message) -> str:
    path, line = message.locations[0]
    return f"{path}:{line} {_texts(message.id)[0]!r}"


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def test_texts_are_found() -> None:
    assert len(_messages(_source())) > 50


def test_placeholders_have_names() -> None:
    found = [
        _where(message)
        for message in _messages(_source())
        for text in _texts(message.id)
        if any(not re.fullmatch(r"[a-z_]+", name) for name in _placeholders(text))
    ]
    assert not found, "translators see only the names: " + ", ".join(found)


@pytest.mark.parametrize("path", _CATALOGUES, ids=lambda path: path.parents[1].name)
def test_catalogue_is_whole(path: Path) -> None:
    with path.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    missing, wrong = [], []
    for message in _messages(_source()):
        translated = catalog.get(_texts(message.id)[0], context=message.context)
        if translated is None or translated.fuzzy or not all(_texts(translated.string)):
            missing.append(_where(message))
            continue
        names = set.union(*map(_placeholders, _texts(message.id)))
        # A singular may say "one" without the number; nothing may ask for more than it is given.
        strict = isinstance(message.id, str)
        for text in _texts(translated.string):
            given = _placeholders(text)
            if given != names if strict else not given <= names:
                wrong.append(f"{_where(message)} → {text!r}")
    assert not missing, f"run `./dev translations`, then translate: {missing}"
    assert not wrong, f"other placeholders: {wrong}"


def test_no_text_looks_like_a_printf_format() -> None:
    """``50 % is`` is taken for ``% i`` when catalogues are compiled: write it otherwise."""
    found = [_where(message) for message in _messages(_source()) if message.python_format]
    assert not found, ", ".join(found)
