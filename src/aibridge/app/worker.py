"""One of several workers, as a program of its own: what `workers` starts."""

import json
import os
import socket
import sys
from pathlib import Path

import uvloop

from aibridge.app.answering import configure, run_worker
from aibridge.app.stopping import stopped_by_signals
from aibridge.config import Settings, load_settings
from aibridge.ops.metrics.board import Board


def main() -> int:
    """Run one worker: what the parent starts. Its standard input says where, and ends when the parent does."""
    line = sys.stdin.buffer.readline()
    if not line:
        return 0  # the parent died before it could say anything
    told = json.loads(line)
    settings = load_settings(os.environ, Path.cwd())
    configure(settings)
    with socket.socket(fileno=told["listener"]) as listener:
        uvloop.run(_work(settings, told["dsn"], listener, Board.of(told["board"]), told["seat"]))
    return 0


async def _work(settings: Settings, dsn: str, listener: socket.socket, board: Board, seat: int) -> None:
    with stopped_by_signals() as stopping:
        await run_worker(settings, dsn, listener, stopping, parent=sys.stdin.fileno(), board=board, seat=seat)


if __name__ == "__main__":
    sys.exit(main())
