"""How many connections there is room for."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
from bookingd.listener import _room
print(_room(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "room", "files"),
    [
        (5000, 6000, 1000, 5000),
        (1024, 6000, 1000, 1200),
        (256, 700, 500, 700),
        (150, 150, 1, 150),
    ],
)
def test_it_takes_as_many_files_as_it_needs_and_may_have(
    soft: int, hard: int, room: int, files: int
):
    command = [sys.executable, "-c", SCRIPT, str(soft), str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(room), str(files)]
