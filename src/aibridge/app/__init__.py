"""The composition root: builds every part, mounts every face. Settings stop here."""

from aibridge.app.serving import serve

__all__ = ["serve"]
