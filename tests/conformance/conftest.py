"""What the conformance tests need besides an open database."""

from pathlib import Path

import pytest

from tests.conformance.outside import Outside, OutsidePostgres, OutsideSqlite


@pytest.fixture
def outside(database: str) -> Outside:
    """SQL past bookingd."""
    if database.startswith("sqlite"):
        return OutsideSqlite(Path(database.removeprefix("sqlite:///")))
    return OutsidePostgres(database)
