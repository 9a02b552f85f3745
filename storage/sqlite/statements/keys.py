"""The SQL of API keys and secrets."""

from storage.model import ApiKey
from storage.sqlite.statements.records import save

SAVE_KEY = f"""
{save("api_keys", ApiKey, kept={"revoked_at", "last_used_at"})},
    revoked_at = coalesce(revoked_at, excluded.revoked_at)
"""

NOTE_USE = """
UPDATE api_keys
   SET last_used_at = :at
 WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :at)
"""

KEEP = "INSERT INTO secrets (name, secret) VALUES (?, ?) ON CONFLICT DO NOTHING"
KEPT = "SELECT secret FROM secrets WHERE name = ?"
