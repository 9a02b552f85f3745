"""Repeatable measurements of the daemon against its own ceilings: `python -m benchmarks`."""
