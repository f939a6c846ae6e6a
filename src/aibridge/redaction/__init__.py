"""Redacting what nobody should keep: patterns, and the texts they are found in. Only computation, no I/O."""
