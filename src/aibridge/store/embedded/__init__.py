"""A PostgreSQL of our own, for whoever has none: started with the first process that wants it, stopped with the last.

The kernel keeps the books, in three lock files beside the data (`locks`): who uses the server, who is starting or
stopping it, and whether any process of it is alive. A lock falls with its holder, so kill -9 leaves nothing to repair.
"""

from aibridge.store.embedded.server import EmbeddedPostgres, open_embedded

__all__ = ["EmbeddedPostgres", "open_embedded"]
