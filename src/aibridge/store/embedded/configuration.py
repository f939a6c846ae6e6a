"""What the embedded server is told. Durable always, small otherwise; rewritten at each start."""

import re

CONFIGURATION = """\
# Written by aibridge at each start; changes made here are lost.

# Who gets in: whoever may enter this folder (its owner and root), through the socket in it. No network.
listen_addresses = ''
port = 5432
unix_socket_directories = '.'
unix_socket_permissions = 0700
max_connections = 100
cluster_name = 'aibridge'

# The promise: what was acknowledged survives a crash.
fsync = on
full_page_writes = on
synchronous_commit = on

# A small footprint on a machine that does other things too.
shared_buffers = 128MB
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
wal_compression = pglz
max_wal_size = 512MB
min_wal_size = 64MB
checkpoint_timeout = 10min
dynamic_shared_memory_type = sysv  # containers have a /dev/shm of 64 MB, too small for a parallel query
jit = off
random_page_cost = 1.1  # no spinning disks

# The log holds no prompts: neither statements, nor their parameters, nor the details of an error.
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.simple'
"""

SYNCFS_SINCE = (5, 8)
"""The Linux whose syncfs(2) tells of every failure since the last one; older ones may lose it."""

_AT_ONCE = """
# After a crash all files are made durable before they are read: by one call, and not by one for each of a thousand
# files, which took 3 seconds on a busy machine instead of 0.3.
recovery_init_sync_method = syncfs
"""


def configuration(platform: str, release: str) -> str:
    """What a server on this system is told; `release`: as `uname -r` tells it."""
    version = tuple(int(part) for part in re.findall(r"\d+", release)[:2])
    return CONFIGURATION + (_AT_ONCE if platform == "linux" and version >= SYNCFS_SINCE else "")


ACCESS = """\
# Written by aibridge at each start; changes made here are lost.
# The folder is open to its owner only, and the socket lies in it: whoever reaches it may read the files as well,
# so a password would protect nothing.
local all all trust
"""
