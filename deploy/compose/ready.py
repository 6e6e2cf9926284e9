"""Whether the service in this container is ready: `python -m deploy.compose.ready`, exit code 0 or 1.

Run every few seconds in every container, so it imports as little as possible.
"""

import http.client
import os
import sys


def main() -> str | None:
    """None if GET /readyz answers 200, else why not."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["LINLI_PORT"]), timeout=4)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(2_000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"GET /readyz got no answer: {error}"
    finally:
        connection.close()
    return None if answer.status == 200 else f"GET /readyz answers {answer.status} {said}"


if __name__ == "__main__":
    sys.exit(main())
