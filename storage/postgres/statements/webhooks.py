"""The SQL of webhooks."""

from storage.model import Webhook
from storage.postgres.statements.records import save_version

SAVE_WEBHOOK = save_version("webhooks", Webhook)

KNOWN_WEBHOOK = "SELECT 1 FROM webhooks WHERE id = $1"

DELETE_WEBHOOK = "DELETE FROM webhooks WHERE id = $1 AND version = $2 RETURNING id"

_SUPERSEDE_CALLS = """
UPDATE messages
   SET state = 'superseded'
 WHERE recipient = $1 AND audience = 'webhook' AND state IN ({states})
"""

SUPERSEDE_CALLS = _SUPERSEDE_CALLS.format(states="'pending', 'leased'")

SUPERSEDE_ALL_CALLS = _SUPERSEDE_CALLS.format(states="'pending', 'leased', 'dead'")

OWE_CALL = """
INSERT INTO messages
SELECT message.*
  FROM json_populate_record(NULL::messages, $1) AS message
  JOIN webhooks ON webhooks.id = message.recipient::uuid
 WHERE webhooks.active
   FOR SHARE OF webhooks
RETURNING id
"""

REPLAY = """
UPDATE messages
   SET state = CASE state WHEN 'leased' THEN state ELSE 'pending' END,
       attempts = CASE state WHEN 'leased' THEN attempts ELSE 0 END,
       next_attempt_at = $3
 WHERE id = $1 AND recipient = $2 AND audience = 'webhook'
RETURNING *
"""
