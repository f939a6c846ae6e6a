"""Upkeep: logs, metrics, health."""
