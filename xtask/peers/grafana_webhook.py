"""Grafana's webhook notifier, as its documentation describes it: one payload, signed with HMAC-SHA256.

Arguments: the URL, the token, the signing secret, `firing` or `resolved`, and `signed` or `forged`.
Prints the status of the answer.
"""

import hashlib
import hmac
import json
import sys
import time
import urllib.error
import urllib.request

url, token, secret, status, honest = sys.argv[1:]
alert = {
    "status": status,
    "labels": {"alertname": "AnswersSlow", "service": "support-assistant", "grafana_folder": "AI"},
    "annotations": {"summary": "answers take long"},
    "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) if status == "resolved" else "0001-01-01T00:00:00Z",
    "fingerprint": "7e1f5b0c2d3a4e6f",
    "values": {"B": 9.5},
}
payload = {
    "receiver": "watchbell", "status": status, "alerts": [alert], "groupLabels": {"alertname": "AnswersSlow"},
    "commonLabels": alert["labels"], "commonAnnotations": alert["annotations"], "version": "1", "orgId": 1,
    "groupKey": "{}:{alertname=\"AnswersSlow\"}", "truncatedAlerts": 0, "state": "alerting", "title": "", "message": "",
    "externalURL": "http://grafana.test/",
}
body = json.dumps(payload).encode()
now = str(int(time.time()))
signature = hmac.new(secret.encode(), now.encode() + b":" + body, hashlib.sha256).hexdigest()
headers = {
    "Authorization": f"Bearer {token}", "Content-Type": "application/json", "X-Grafana-Alerting-Timestamp": now,
    "X-Grafana-Alerting-Signature": signature if honest == "signed" else signature[::-1],
}
try:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        print(answer.status)
except urllib.error.HTTPError as error:
    print(error.code)
