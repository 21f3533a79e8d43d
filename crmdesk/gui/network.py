"""What the system knows of the network: that it is there, that it is back, that it is metered.

Owns asking Qt. Platforms without such knowledge say nothing, and the schedule's own trying again
does the work. Deciding what follows is left to :mod:`crmdesk.gui.rounds`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from PySide6.QtNetwork import QNetworkInformation


class NetworkWatch(QObject):
    """Follows the system's network; ``on_back`` is called when it is there again."""

    def __init__(self, on_back: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_back = on_back
        self._information: QNetworkInformation | None = None
        self._was_online: bool | None = None

    def start(self) -> None:
        """Ask the system from now on; without an answer nothing is known and nothing is told."""
        # Imported late: a window does not need it to come up.
        from PySide6.QtNetwork import QNetworkInformation

        reachable, metered = (
            QNetworkInformation.Feature.Reachability,
            QNetworkInformation.Feature.Metered,
        )
        if not (
            QNetworkInformation.loadBackendByFeatures(reachable | metered)
            or QNetworkInformation.loadBackendByFeatures(reachable)
        ):
            return
        self._information = QNetworkInformation.instance()
        if self._information is not None:
            self._was_online = self._is_online()
            self._information.reachabilityChanged.connect(self._on_reachability_changed)

    def metered(self) -> bool | None:
        """Whether the connection is paid by volume; None where the system does not tell."""
        from PySide6.QtNetwork import QNetworkInformation

        known = self._information
        if known is None or not known.supports(QNetworkInformation.Feature.Metered):
            return None
        return known.isMetered()

    def _is_online(self) -> bool | None:
        from PySide6.QtNetwork import QNetworkInformation

        known = self._information
        if known is None or known.reachability() is QNetworkInformation.Reachability.Unknown:
            return None
        return known.reachability() is not QNetworkInformation.Reachability.Disconnected

    def _on_reachability_changed(self, _reachability: object) -> None:
        online, before = self._is_online(), self._was_online
        self._was_online = online
        if online and before is False:
            self._on_back()
