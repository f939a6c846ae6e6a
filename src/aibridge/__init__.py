"""aibridge: an LLM gateway with auditing. It carries the bytes unchanged and keeps the record."""

__version__ = "0.1.0"
