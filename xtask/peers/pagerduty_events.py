"""PagerDuty's own client sends one event to a server that stands in PagerDuty's place.

The client speaks nothing but https, so TLS stands in front of the server here as it does in life.
Arguments: host, port and key, then `trigger KEY METRIC`, `acknowledge KEY`, `resolve KEY` or `change`.
"""

import json
import os
import sys
import tempfile
from datetime import datetime, timezone

import tls_front

host, port, key, action, *rest = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    url, os.environ["SSL_CERT_FILE"] = tls_front.start(host, int(port), folder)
    from pagerduty import EventsApiV2Client

    client = EventsApiV2Client(key, base_url=url)
    answer = None
    if action == "trigger":
        dedup_key, metric = rest
        payload = {"class": metric, "component": "support-assistant"}
        details = {"evaluation": "nightly"}
        answer = client.trigger("Answers degrade", "evals", dedup_key, "error", payload, details)
    elif action == "acknowledge":
        answer = client.acknowledge(rest[0])
    elif action == "resolve":
        answer = client.resolve(rest[0])
    elif action == "change":
        # Version 7.2.0 fails where it is to make the timestamp itself.
        now = datetime.now(timezone.utc).isoformat()
        client.submit("Prompt v12 is live", "support-assistant", {"prompt": "v12"}, timestamp=now)
print(json.dumps(answer))
