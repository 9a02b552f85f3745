import fcntl
import os
from pathlib import Path

from storage import open_storage
from storage.interface import BookingFilter


async def test_it_closes_though_another_process_keeps_the_turn(tmp_path: Path):
    storage = await open_storage(f"sqlite:///{tmp_path / 'x.db'}")
    assert await storage.count_bookings(BookingFilter()) == 0
    turn = os.open(tmp_path / "x.db.turn", os.O_RDWR)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        await storage.close()
    finally:
        os.close(turn)
    again = await open_storage(f"sqlite:///{tmp_path / 'x.db'}")
    await again.close()
