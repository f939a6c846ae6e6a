"""The HTTP/1.1 client that speaks to providers: bytes in, bytes out, nothing interpreted, nothing kept.

One `UpstreamClient` per worker. It adds Host and Content-Length to a request and nothing else, follows no redirect, and
sends a request once more in a single case: a reused connection that its other end closed before the request arrived.
"""

from aibridge.gateway.upstream.client import UpstreamClient
from aibridge.gateway.upstream.proxy import Proxies
from aibridge.gateway.upstream.reply import Reply
from aibridge.gateway.upstream.target import Target
from aibridge.gateway.upstream.timeouts import Timeouts

__all__ = ["Proxies", "Reply", "Target", "Timeouts", "UpstreamClient"]
