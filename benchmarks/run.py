"""One run: every server that there is to measure, on databases of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bookings, pages, postgres, starts, targets
from benchmarks.ceilings import ceiling
from benchmarks.fill import fill
from benchmarks.plan import Plan
from benchmarks.servers import Server, daemon, free_port
from benchmarks.sink import Sink, sink

Say = Callable[[str], None]
"""Tells the one who waits what is being done."""
