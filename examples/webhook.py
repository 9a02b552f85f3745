"""Is called by bookingd, and says what happened. Needs nothing but Python.

WEBHOOK_SECRET=whsec_... python webhook.py 9000
"""

import base64
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 5 * 60


def genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether whoever knows the secret made this call, within the last minutes."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is genuine, so that it is not sent again."""

    def do_POST(self) -> None:
        """One call. The signature is of the very bytes of the body: check it before reading it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        known = genuine(os.environ["WEBHOOK_SECRET"], self.headers, body)
        if known:
            event = json.loads(body)
            # May come twice: whoever acts on it remembers the ids that were seen.
            print(self.headers["webhook-id"], event["type"], event["data"].get("id"), flush=True)
        self.send_response(204 if known else 401)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
