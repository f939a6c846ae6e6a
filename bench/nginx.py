"""The floor: nginx as a plain reverse proxy to the same provider, unbuffered, with one worker."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import Cores, free_port, listens, running, wait_until

CONFIGURATION = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_buffer_size 1m;
  client_max_body_size 100m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream provider {{ server 127.0.0.1:{provider}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@contextmanager
def floor(folder: Path, provider: int, cores: Cores) -> Iterator[tuple[int, int] | None]:
    """Run nginx before the provider's port: its process id and port; None where it is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, provider=provider, port=port))
    call = [program, "-e", str(folder / "nginx.log"), "-c", str(configuration)]
    with running(call, cores=cores.measured) as process:
        wait_until(lambda: listens(port), process)
        yield process.pid, port
