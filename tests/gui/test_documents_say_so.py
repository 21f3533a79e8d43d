"""The documents and the program: every key the guide names is bound there, commands are ones."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.cli.program import build_parser
from crmdesk.gui.bindings import GLOBAL
from crmdesk.gui.keys import KEYS

_ROOT = Path(__file__).resolve().parents[2]
_DOCS = [*(_ROOT / "docs").glob("*.md")]
_GUIDE = (_ROOT / "docs" / "user-guide.md").read_text("utf-8")

# Which places a section speaks of.
_PLACES = {
    "Everywhere": {GLOBAL}, "Finding": {GLOBAL}, "Lists": {"lists"}, "Tasks": {"tasks", "customer"},
    "Today": {"today"}, "Order": {"order", "orders", "today"},
    "At the customer's door": {"returning", "collecting", "sampling", "day_end", "today"},
    "The visit sheet": {"visit", "today", "customer"}, "Service": {"service", "visit", "customer"},
    "Customers and the card": {"customers", "customer"}, "Everything behind a figure": {"customer"},
    "What changed here?": {"customer"}, "Call brief": {"brief", "today", "customer"},
    "Plan": {"plan"}, "Reorder": {"reorder", "accuracy", "customer"}, "Orders": {"orders"},
    "Quotes": {"quotes", "quote", "customer"}, "Pipeline": {"pipeline"},
    "Documents and lists out of the window": {GLOBAL},
    "The office's inbox": {"inbox"}, "Prices (office, manager, admin)": {"prices"},
    "Attention (office, manager, admin)": {"attention"},
    "Coverage (manager, office, admin)": {"coverage"}, "Maps": {"maps", "plan"},
    "Offline and sync": {"sync"}, "Without any network": {"sync"},
}  # fmt: skip
# Keys that answer a question, or that a body takes itself; Qt's own in any table or field.
_ANSWERS = {"Today": set("NAI"), "The visit sheet": {"Del"}, "Quotes": {"D"}}
_QTS = {"Enter", "Esc", "Tab", "Space", "Up", "Down", "Left", "Right", "Ctrl+C", "0–9"}
_KEY = re.compile(
    r"((Ctrl|Alt|Shift)\+)*"
    r"([A-Z0-9/+-]|F\d|Enter|Esc|Space|Del|Tab|Up|Down|Left|Right|PgUp|PgDown|0–9)"
)
_ARROWS = {"↑": "Up", "↓": "Down", "←": "Left", "→": "Right", "−": "-", "Ctrl + ": "Ctrl++ "}


def _sections() -> Iterator[tuple[str, str]]:
    for part in re.split(r"^##+ ", _GUIDE, flags=re.M)[1:]:
        title, _line, text = part.partition("\n")
        yield title.strip(), text


def _keys(words: str) -> list[str]:
    """The keys of ``Shift+↑↓``, ``Alt+1 … Alt+4`` or ``D · X``; none where it is no key."""
    words = words.replace("Ctrl+Left/Right", "Ctrl+Left, Ctrl+Right")
    words = re.sub(r"(\S*)↑ ?↓", r"\1↑, \1↓", words)
    for drawn, name in _ARROWS.items():
        words = words.replace(drawn, name)
    parts = [part.strip() for part in re.split(r" [·/…] |, | or ", f"{words} ".strip())]
    return parts if all(_KEY.fullmatch(part) for part in parts) else []


def _unbound(parts: list[str], bound: set[str]) -> Iterator[str]:
    """Keys that are not bound; in ``Shift+R, M`` the second may stand for Shift+M as well."""
    held = parts[0].rpartition("+")[0] if parts else ""
    for part in parts:
        if part not in bound and f"{held}+{part}" not in bound:
            yield part


def _named_keys(text: str) -> Iterator[list[str]]:
    """In bold, as code (but for a digit, which is something to type), in a table's first column."""
    for bold, code in re.findall(r"\*\*(.+?)\*\*|`([^`\n]+)`", text):
        yield [] if code.isdecimal() else _keys(bold or code)
    for cell in re.findall(r"^\| ([^|*]+?) \|", text, flags=re.M):
        yield _keys(cell)


@pytest.mark.parametrize("title", sorted(_PLACES))
def test_every_key_of_the_guide_is_bound_where_it_says(title: str) -> None:
    text = dict(_sections())[title]
    bound = {binding.key for binding in KEYS.values() if binding.place in _PLACES[title] | {GLOBAL}}
    bound |= _QTS | _ANSWERS.get(title, set())
    if title == "Everywhere":
        bound |= {f"Ctrl+{number}" for number in range(1, 6)}
    assert [key for keys in _named_keys(text) for key in _unbound(keys, bound)] == []


def test_every_section_that_names_keys_is_looked_at() -> None:
    left_out = {title for title, text in _sections() if any(_named_keys(text))} - set(_PLACES)
    assert left_out == set()


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _choices(parser: argparse.ArgumentParser) -> set[str]:
    """The words of which one comes next, if any has to be one of some."""
    free = [one for one in parser._actions if not one.option_strings]
    return set(free[0].choices) if free and free[0].choices else set()


def _options(parser: argparse.ArgumentParser, line: str) -> set[str]:
    """What may stand behind any of the words of a line."""
    every = set(parser._option_string_actions)
    for name, verb in _verbs(parser).items():
        if re.search(rf"(^|[\s\[|(]){name}\b", line):
            every |= _options(verb, line)
    return every


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{one.name}" for one in _DOCS)])
def test_every_command_in_the_documents_is_one_with_its_options(page: str) -> None:
    text = (_ROOT / page).read_text("utf-8")
    said = re.findall(r"`crmdesk ([^`\n]+)`", text)
    said += re.findall(r"^ *crmdesk ([^\n#]+?)(?:  .*| *#.*| \([a-z].*)?$", text, flags=re.M)
    wrong = []
    for line in said:
        parser = build_parser()
        words = shlex.split(re.sub(r"[\[\]()|…]", " ", line), posix=False)
        while words and words[0][0].isalpha() and _choices(parser):
            if words[0] not in _choices(parser):
                wrong.append(line)
                break
            parser = _verbs(parser).get(words.pop(0), argparse.ArgumentParser())
        every = _options(build_parser(), line)
        wrong += [f"{line}: {word}" for word in words if word[:2] == "--" and word not in every]
    assert wrong == []
