"""A scripted provider in three dialects, with believable traffic: aibridge without a key, and the fake of its tests."""

from aibridge.demo.command import demo

__all__ = ["demo"]
