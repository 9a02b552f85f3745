"""The SQL of webhooks."""

from storage.model import Message, Webhook
from storage.sqlite.statements.outbox import OWE
from storage.sqlite.statements.records import column, save_version

SAVE_WEBHOOK = save_version("webhooks", Webhook)

KNOWN_WEBHOOK = "SELECT 1 FROM webhooks WHERE id = ?"

DELETE_WEBHOOK = "DELETE FROM webhooks WHERE id = ? AND version = ?"

_SUPERSEDE_CALLS = """
UPDATE messages
   SET state = 'superseded'
 WHERE recipient = ? AND audience = 'webhook' AND state IN ({states})
"""

SUPERSEDE_CALLS = _SUPERSEDE_CALLS.format(states="'pending', 'leased'")

SUPERSEDE_ALL_CALLS = _SUPERSEDE_CALLS.format(states="'pending', 'leased', 'dead'")

OWE_CALL = f"""
{OWE}
 WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = {column(Message, "recipient")} AND active)
"""

REPLAY = """
UPDATE messages
   SET state = CASE state WHEN 'leased' THEN state ELSE 'pending' END,
       attempts = CASE state WHEN 'leased' THEN attempts ELSE 0 END,
       next_attempt_at = :now
 WHERE id = :id AND recipient = :webhook AND audience = 'webhook'
RETURNING *
"""
