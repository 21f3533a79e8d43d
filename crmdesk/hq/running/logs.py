"""The server's log: one JSON object per line, without secrets and without anybody's data.

Everything goes through the standard library's ``logging``; here is only how it is written. What
an exception says may quote a row, a key or a request, so of exceptions the log has the kind, the
places and, from PostgreSQL, the error's number and the names of table and constraint.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TextIO

import psycopg
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from crmdesk.domain.errors import CrmdeskError

REQUESTS = "crmdesk.hq.requests"
"""The logger that has one line per request."""

_MOST_FRAMES = 12
# Of these the words are about the machine, never about rows.
_HARMLESS = (OSError, CrmdeskError)
# Classes of PostgreSQL's errors that speak of connections, resources and operators.
_HARMLESS_CLASSES = frozenset({"08", "53", "55", "57", "58"})


def json_lines(stream: TextIO) -> logging.Handler:
    """A handler that writes what is logged as lines of JSON."""
    handler = logging.StreamHandler(stream)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _add_process,
        _describe_exception,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _in_order,
                structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False),
            ],
        )
    )
    return handler


@contextmanager
def logging_to(stream: TextIO, level: str = "info") -> Iterator[None]:
    """Log as JSON lines to a stream while the body runs, and nowhere else."""
    root, handler = logging.getLogger(), json_lines(stream)
    before, level_before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level_before)


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """When, how bad, from whom and what come first: people read logs as well."""
    first = {key: event.pop(key) for key in ("at", "level", "logger", "event") if key in event}
    return {**first, **event}


def _add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["process"] = os.getpid()
    return event


def _describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    found = event.pop("exc_info", None)
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        # The standard formatter would add the whole traceback, words included.
        found = found or record.exc_info
        record.exc_info, record.exc_text, record.stack_info = None, None, None
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["error"] = describe(found)
    return event


def describe(error: BaseException) -> dict[str, object]:
    """An exception without what it may quote."""
    told: dict[str, object] = {"kind": f"{type(error).__module__}.{type(error).__qualname__}"}
    if isinstance(error, psycopg.Error):
        told["sqlstate"] = error.sqlstate
        told["table"] = error.diag.table_name
        told["constraint"] = error.diag.constraint_name
    if _is_harmless(error):
        told["words"] = str(error).strip()[:300]
    told["at"] = _places(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["because"] = describe(cause)
    return told


def _is_harmless(error: BaseException) -> bool:
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate[:2] in _HARMLESS_CLASSES
    return isinstance(error, _HARMLESS)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_MOST_FRAMES:]
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
