"""The SQL of API keys and secrets."""

from storage.model import ApiKey
from storage.postgres.statements.records import save

SAVE_KEY = f"""
{save("api_keys", ApiKey, kept={"revoked_at", "last_used_at"})},
    revoked_at = coalesce(api_keys.revoked_at, excluded.revoked_at)
"""

NOTE_USE = """
WITH used AS MATERIALIZED (
    SELECT api_keys.id, used.at
      FROM api_keys
      JOIN unnest($1::uuid[], $2::timestamptz[]) AS used (id, at) ON used.id = api_keys.id
     ORDER BY api_keys.id
       FOR UPDATE OF api_keys
)
UPDATE api_keys
   SET last_used_at = greatest(last_used_at, used.at)
  FROM used
 WHERE api_keys.id = used.id
"""
"""Locked in one order by all daemons, which use the same keys and note them at any time."""

KEEP = "INSERT INTO secrets (name, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING"
KEPT = "SELECT secret FROM secrets WHERE name = $1"
