"""Whether this process can serve: asked by load balancers at `/healthz`, told by the parts as they come and go."""

from collections.abc import Iterable


class Health:
    """Ready when every named part is up and nobody is shutting down.

    Parts are named at the start (`store`, `recorder`, …), so that one which never reports keeps the process unready.
    """

    def __init__(self, parts: Iterable[str] = ()) -> None:
        self._down: dict[str, str] = dict.fromkeys(parts, "starting")
        self._draining = False

    def up(self, part: str) -> None:
        """This part works."""
        self._down.pop(part, None)

    def down(self, part: str, reason: str) -> None:
        """This part does not work; the reason is for people and must hold no secrets."""
        self._down[part] = reason

    def drain(self) -> None:
        """Shutdown began: running streams go on, new requests belong elsewhere."""
        self._draining = True

    @property
    def draining(self) -> bool:
        """Shutdown began."""
        return self._draining

    @property
    def ready(self) -> bool:
        """Requests can be served."""
        return not self._down and not self._draining

    def report(self) -> dict[str, object]:
        """What `/healthz` answers: `{"status": "ok" | "unready" | "draining", "down": {part: reason}}`."""
        if self._draining:
            return {"status": "draining", "down": dict(self._down)}
        return {"status": "ok" if self.ready else "unready", "down": dict(self._down)}
