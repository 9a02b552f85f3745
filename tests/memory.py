"""A place for what need not outlive the tests, where nothing waits for a disk."""

import os
import shutil
from pathlib import Path

ROOM = 2 * 1024**3


def folder() -> Path | None:
    """A folder in memory with room for databases, in which programs may run, if there is one."""
    found = Path("/dev/shm")
    if not os.access(found, os.W_OK) or shutil.disk_usage(found).free < ROOM:
        return None
    return None if os.statvfs(found).f_flag & os.ST_NOEXEC else found
