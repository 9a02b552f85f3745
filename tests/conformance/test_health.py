"""A sign of life."""

from storage.interface import Storage


async def test_a_database_that_answers_says_how_it_is(storage: Storage, database: str):
    health = await storage.health()
    assert database.startswith(health.backend)
    assert health.latency >= 0
    assert 0 <= health.idle <= health.size <= health.maximum <= 20
    assert health.size >= 1
