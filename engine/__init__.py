"""The headless trainer. It knows no Qt and names no single technique."""

from engine import process

process.prepare()
