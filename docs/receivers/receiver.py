"""Takes Linli's webhooks with the standard library: verifies each, handles it once, says what is missing.

WEBHOOK_SECRET="whsec_..." PORT=8099 python receiver.py

Two secrets with a space between are both good.
"""

import base64
import hmac
import json
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LIMIT = 1024 * 1024  # bytes of a body
TOLERANCE = 300  # seconds that the clocks may differ, and that a webhook may be old
REMEMBERED = 100_000  # ids; keep them with your data instead, so that they outlive this process

SECRETS = os.environ.get("WEBHOOK_SECRET", "").split()
KEYS = [base64.b64decode(secret.removeprefix("whsec_"), validate=True) for secret in SECRETS]
if any(len(key) < 24 for key in KEYS):
    sys.exit("WEBHOOK_SECRET holds what is no secret")

lock = threading.Lock()
seen = OrderedDict()
highest = 0


def handle(event):
    """Store it, and return: answered with 2xx, it is yours. What takes long is for afterwards."""
    print(json.dumps(event), flush=True)


def verified(headers, body):
    """The id of a webhook that was signed with one of KEYS less than five minutes ago; None of any other."""
    id, timestamp, signatures = (
        headers.get(f"webhook-{name}", "").encode("latin-1") for name in ("id", "timestamp", "signature")
    )
    if not id or not re.fullmatch(rb"\d{1,12}", timestamp):
        return None
    if abs(int(time.time()) - int(timestamp)) > TOLERANCE:
        return None
    signed = b".".join((id, timestamp, body))
    good = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in KEYS]
    given = signatures.split(b" ")
    return id if any(hmac.compare_digest(one, other) for one in good for other in given) else None


def take(id, event):
    """Handle it unless that was done; only what was handled is remembered."""
    global highest
    with lock:
        if id in seen:
            return
        number = event.get("unitsequence", 0)
        if 0 < highest < number - 1:
            print(json.dumps({"gap": {"from": highest + 1, "to": number - 1}}), flush=True)
        handle(event)
        highest = max(highest, number)
        seen[id] = True
        if len(seen) > REMEMBERED:
            seen.popitem(last=False)


class Hook(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        self.send_response(self.status())
        self.end_headers()

    def status(self):
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,12}", length):
            return 411
        if int(length) > LIMIT:
            return 413
        body = self.rfile.read(int(length))
        id = verified(self.headers, body)
        if id is None:
            return 401
        try:
            event = json.loads(body)
        except ValueError:
            return 400
        take(id, event)
        return 204

    def log_message(self, format, *args):
        """Standard output is for the events."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8099"))), Hook).serve_forever()
