"""How far this machine's clock is from HQ's, measured at every request.

HQ's time is never forced on the machine: the offset is kept, shown when it is large, and HQ
corrects the times of ops by it. Times are milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.clock import HLC_COUNTER_BITS

TOLERANCE_MS = 5_000
"""An offset below this may be the network's delay and is left alone."""

WARN_MS = 120_000
"""An offset above this is worth telling the person."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What to add to the laptop's time to get HQ's, known to within ``uncertainty_ms``."""

    ms: int
    uncertainty_ms: int

    @property
    def worth_telling(self) -> bool:
        """True when the laptop's clock is so wrong that its person should set it."""
        return abs(self.ms) - self.uncertainty_ms > WARN_MS


def measure(sent_ms: int, hq_ms: int, received_ms: int) -> Offset:
    """The offset from one exchange: HQ read its clock between sending and receiving."""
    middle = (sent_ms + received_ms) // 2
    return Offset(hq_ms - middle, max(0, received_ms - sent_ms) // 2)


def corrected_hlc(hlc: int, laptop_ms: int, hq_ms: int) -> int:
    """A laptop's hybrid time in HQ's terms, never later than HQ's present.

    A clock that is years off thus neither wins for ever nor loses for ever.
    """
    offset = hq_ms - laptop_ms
    if abs(offset) > TOLERANCE_MS:
        hlc += offset << HLC_COUNTER_BITS
    ceiling = ((hq_ms + 1) << HLC_COUNTER_BITS) - 1
    return max(0, min(hlc, ceiling))
