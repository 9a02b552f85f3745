import pytest

from storage.errors import NewerSchema
from storage.migrate import migrations, outstanding

PACKAGES = ["storage.sqlite.migrations", "storage.postgres.migrations"]
each_backend = pytest.mark.parametrize("package", PACKAGES)


@each_backend
def test_migrations_are_numbered_without_a_gap(package: str):
    found = migrations(package)
    assert [step.version for step in found] == list(range(1, len(found) + 1))
    assert all(step.sql.strip() for step in found)


def test_both_databases_have_the_same_history():
    one, other = [
        [(step.version, step.name) for step in migrations(package)] for package in PACKAGES
    ]
    assert one == other


@each_backend
def test_a_fresh_database_has_yet_to_see_all(package: str):
    assert outstanding(package, 0) == migrations(package)


@each_backend
def test_a_current_database_has_seen_all(package: str):
    assert outstanding(package, migrations(package)[-1].version) == []


@each_backend
def test_a_newer_database_is_refused_in_words(package: str):
    newest = migrations(package)[-1].version
    with pytest.raises(NewerSchema, match=str(newest + 1)):
        outstanding(package, newest + 1)
