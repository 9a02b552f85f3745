"""Python's cyclic garbage collector, which has little to find here.

What is loaded at the start stays, and requests leave few cycles.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def here_to_stay() -> Iterator[None]:
    """What is made inside is not looked at, now or later (`gc.freeze`)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def spare() -> None:
    """Leave alone all that there is, and look seldom at what is to come."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
