"""The pinned requirements are complete, and are what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).parents[2]
RUN, DEV, BUILD = "requirements.txt", "requirements-dev.txt", "requirements-build.txt"

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
WANTED = PROJECT["project"]["dependencies"]
TOOLS = PROJECT["project"]["optional-dependencies"]["dev"]
BUILDERS = PROJECT["build-system"]["requires"]


def entries(lock: str) -> list[str]:
    """What is pinned, each with its hashes."""
    lines = (REPOSITORY / lock).read_text().replace("\\\n", "").splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]


def pins(lock: str) -> dict[str, set[Version]]:
    """Which versions of what; more than one where Pythons differ."""
    found: dict[str, set[Version]] = {}
    for entry in entries(lock):
        name, version = re.match(r"([a-z0-9-]+)==(\S+)", entry).groups()
        found.setdefault(name, set()).add(Version(version))
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"), [(RUN, WANTED), (DEV, WANTED + TOOLS + BUILDERS), (BUILD, BUILDERS)]
)
def test_what_is_asked_for_is_pinned(lock, wanted):
    pinned = pins(lock)
    for text in wanted:
        asked = Requirement(text)
        assert all(version in asked.specifier for version in pinned[asked.name]), (
            f"{asked} is not what {lock} pins: run `make lock`"
        )


@pytest.mark.parametrize("lock", [RUN, DEV, BUILD])
def test_every_pin_has_a_hash_and_no_address(lock):
    assert all("--hash=sha256:" in entry for entry in entries(lock))
    assert "://" not in (REPOSITORY / lock).read_text()


@pytest.mark.parametrize("part", [RUN, BUILD])
def test_development_uses_the_very_same_versions(part):
    everything = pins(DEV)
    assert {name: everything.get(name) for name in pins(part)} == pins(part)
