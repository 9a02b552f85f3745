"""The wheel has everything in it, and works where there is no repository."""

import os
import sqlite3
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.migrate import migrations

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("bookingd", "schedules", "storage")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; what it depends on comes from that of the tests."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    python("-m", "venv", "--without-pip", folder)
    here = folder / "bin" / "python"
    python("-m", "pip", "--python", here, "install", "--no-deps", "--no-index", wheel)
    # The .pth files in a folder that is named by a .pth file are not obeyed: the bookingd that is
    # installed from the repository for the tests stays out of sight.
    (packages,) = folder.glob("lib/python*/site-packages")
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "shared.pth").write_text("\n".join(sorted(shared)))
    return folder


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Callable[..., str]:
    """Run a command of the environment in an empty folder; what it printed."""

    def run(command: str, *arguments: str) -> str:
        return succeed(
            [environment / "bin" / command, *arguments],
            cwd=tmp_path,
            env={"PATH": os.defpath, "HOME": str(tmp_path)},
        )

    return run


def test_every_file_of_the_packages_is_in_the_wheel(wheel):
    there = {
        str(file.relative_to(REPOSITORY))
        for package in PACKAGES
        for file in (REPOSITORY / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == there
    kinds = {Path(name).suffix for name in packed}
    assert {".sql", ".typed", ".toml", ".txt", ".html"} <= kinds, (
        "migrations, type marker, templates"
    )


def test_the_wheel_brings_its_licence_and_no_tools(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(metadata).decode()
        assert metadata.replace("METADATA", "licenses/LICENSE") in archive.namelist()
    needed = [line for line in text.splitlines() if line.startswith("Requires-Dist: ")]
    assert any("aiohttp" in line for line in needed)
    assert all("extra == 'dev'" in line for line in needed if "pytest" in line or "mypy" in line)


def test_the_installed_one_is_not_the_repository(run, environment):
    paths = run(
        "python", "-c", "import bookingd, storage; print(bookingd.__file__, storage.__file__)"
    )
    assert all(Path(path).is_relative_to(environment) for path in paths.split())


@pytest.mark.parametrize("command", [("bookingd",), ("python", "-m", "bookingd")])
def test_it_explains_itself(run, command):
    text = run(*command, "--help")
    for word in ("serve", "check", "migrate", "keys"):
        assert word in text


def test_it_makes_its_database(run, tmp_path):
    run("bookingd", "migrate")
    with closing(sqlite3.connect(tmp_path / "bookingd.db")) as database:
        applied = database.execute("SELECT name FROM schema_migrations ORDER BY version").fetchall()
    assert [name for (name,) in applied] == [
        migration.name for migration in migrations("storage.sqlite.migrations")
    ]


def python(*arguments: str | Path) -> str:
    """Run the Python of the tests."""
    return succeed([sys.executable, *arguments])


def succeed(
    command: list[str | Path], cwd: Path | None = None, env: dict[str, str] | None = None
) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
