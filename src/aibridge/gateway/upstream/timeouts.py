"""How long the client waits for a provider, and for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. All but `connect` are checked by one coarse sweep per client, so they may come up to a second late."""

    connect: float = 10.0
    """To resolve the name, connect, pass the proxy and finish the TLS handshake, together."""
    first_byte: float = 600.0
    """From the end of the request to the head of the final answer; interim (1xx) answers do not extend it."""
    between_bytes: float = 600.0
    """Without a byte of the body while the reader waits. A reader that does not read stops this clock."""
    write_progress: float = 600.0
    """Without the provider taking any more of the request body."""
    idle_race: float = 1.0
    """A reused connection that ends within this time of the request's first byte, and before any byte of an answer, was
    closed while idle: the request is sent once more. A later end may be the death of paid work."""

    @property
    def tick(self) -> float:
        """Seconds between two sweeps: a tenth of the shortest limit, at most one second."""
        shortest = min(self.first_byte, self.between_bytes, self.write_progress)
        return min(1.0, max(0.005, shortest / 10))
