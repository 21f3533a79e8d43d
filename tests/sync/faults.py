"""A transport that loses, repeats and cuts what goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crmdesk.domain.errors import Unreachable
from crmdesk.sync.transport import HttpTransport, Traffic


class FaultyTransport:
    """Passes requests on; ``fault(path, nth)`` names what happens to each.

    ``lose-request``, ``lose-response`` (HQ has done its work), ``twice`` (sent again, the second
    answer counts), ``cut`` (a stream ends early, an answer is given short) or an empty word.
    """

    def __init__(self, inner: HttpTransport, fault: Callable[[str, int], str]) -> None:
        self._inner = inner
        self._fault = fault
        self._seen: dict[str, int] = {}
        self.cut_after = 1_000

    @property
    def traffic(self) -> Traffic:
        return self._inner.traffic

    def _next(self, path: str) -> str:
        self._seen[path] = self._seen.get(path, 0) + 1
        return self._fault(path, self._seen[path])

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        fault = self._next(path)
        if fault == "lose-request":
            raise Unreachable("lost on the way")
        answer = self._inner.post(path, body, token)
        if fault == "lose-response":
            raise Unreachable("lost on the way back")
        if fault == "short":
            return answer[: len(answer) // 2]
        if fault == "twice":
            return self._inner.post(path, body, token)
        # Some proxies pass a short answer on as if it were whole.
        return answer[: self.cut_after] if fault == "cut" else answer

    @contextmanager
    def stream(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        fault = self._next(path)
        with self._inner.stream(path, body, token) as chunks:
            yield self._cut(chunks) if fault == "cut" else chunks

    def _cut(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        left = self.cut_after
        for chunk in chunks:
            if len(chunk) >= left:
                yield chunk[:left]
                raise Unreachable("cut off")
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self._inner.close()
