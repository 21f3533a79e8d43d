"""Change sets on their way from a commit to the open views.

Owns the list of listeners, nothing more: whoever hears of a change decides alone whether to read
again. Runs on the interface thread; no Qt, so that presenters can be tested without it.
"""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.domain.changes import ChangeSet

Listener = Callable[[ChangeSet], None]


class Bus:
    """Passes every published change set to every listener, in the order they came."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; the returned function takes it away again and may be called twice."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, changes: ChangeSet) -> None:
        """Tell all listeners; an empty change set is not worth telling."""
        if not changes.touched and not changes.everything:
            return
        for listener in tuple(self._listeners):
            listener(changes)
