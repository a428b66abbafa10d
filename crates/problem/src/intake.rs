//! Problems with signals on their way in.

crate::codes! { INTAKE;
    SIGNAL_MALFORMED = "signal-malformed", 400, "the body is not valid JSON",
        cause: "The request body, or a line of it, could not be parsed as JSON.",
        remedy: "Send one JSON object, an array of objects, or one object per line (NDJSON). The detail names line and column.";
    BODY_NOT_UTF8 = "body-not-utf8", 400, "the body is not UTF-8",
        cause: "JSON is UTF-8, and some byte of the body is not: often text in Latin-1 or UTF-16, or a compressed body without its Content-Encoding.",
        remedy: "Encode the body in UTF-8. The detail gives the offset of the first wrong byte.";
    BODY_TOO_LARGE = "body-too-large", 413, "the body is too large",
        cause: "Every path limits its bodies, so that no sender can exhaust the server.",
        remedy: "Send the signals in several requests.";
    SIGNALS_TOO_MANY = "signals-too-many", 413, "too many signals in one request",
        cause: "A request may hold at most 1,000 signals; nothing of this one was accepted.",
        remedy: "Send the signals in several requests. Requests sent in parallel share transactions, so that nothing is lost in speed.";
    SIGNAL_TOO_DEEP = "signal-too-deep", 400, "the signal is nested too deeply",
        cause: "A signal has two levels; this one has more than 32, which only an error or an attack produces.",
        remedy: "Send the fields of the API reference; put further details into `labels` as texts, or behind `link`.";
    SIGNAL_FIELD_UNKNOWN = "signal-field-unknown", 422, "a field is unknown",
        cause: "A misspelt field would be lost silently, so that unknown fields are refused.",
        remedy: "Correct the name as the detail suggests, or put the value into `labels`.";
    SIGNAL_FIELD_MISSING = "signal-field-missing", 422, "a required field is missing",
        cause: "`source`, `metric` and `service` are required, within `unit` also `kind` and `id`, within `evaluator` `kind`.",
        remedy: "Add the field that the detail names.";
    SIGNAL_FIELD_REPEATED = "signal-field-repeated", 422, "a field stands twice",
        cause: "JSON does not say which of two equal keys counts, and readers disagree.",
        remedy: "Remove one of the two.";
    SIGNAL_FIELD_INVALID = "signal-field-invalid", 422, "a field has the wrong type or value",
        cause: "The field holds another type than the API reference says, is empty, holds characters that are not seen, or is not what its name promises (a finite number, an RFC 3339 time, an http or https link).",
        remedy: "Correct the field that the detail names.";
    SIGNAL_FIELD_TOO_LONG = "signal-field-too-long", 422, "a field is too long",
        cause: "Every text has a limit in characters, and a signal has at most 64 labels.",
        remedy: "Shorten the field that the detail names, or link to the full text with `link`.";
    SIGNAL_FROM_FUTURE = "signal-from-future", 422, "the signal lies in the future",
        cause: "`at` is more than 5 seconds ahead of this server. Deadlines cannot be reckoned from times that have not come.",
        remedy: "Synchronise the sender's clock (NTP), check the offset of the time zone, or leave `at` out: then the time of arrival counts.";
    SIGNAL_TOO_OLD = "signal-too-old", 422, "the signal lies too far in the past",
        cause: "`at` is before the year 2000, which is nearly always a zero value or seconds taken for milliseconds. (Signals older than 72 hours are accepted and marked late.)",
        remedy: "Send the time of the observation in RFC 3339, or leave `at` out.";
    ALERTMANAGER_FORMAT = "alertmanager-format", 400, "this is not an Alertmanager webhook of version 4",
        cause: "This path reads what Alertmanager's `webhook_configs` send, or one alert of it lacks what identifies it.",
        remedy: "Point the sender to the path of its format: `/intake/grafana` for Grafana, `/api/v2/alerts` for Prometheus itself, `/v1/signals` for native signals.";
    ALERTMANAGER_API_FORMAT = "alertmanager-api-format", 400, "these are not alerts as Prometheus posts them",
        cause: "This path stands in for Alertmanager: it reads an array of alerts, each with `labels` and perhaps `annotations`, `startsAt`, `endsAt` and `generatorURL`. The body is something else, or one alert lacks labels, or its times cannot be read or stand in the wrong order.",
        remedy: "Let Prometheus post here by `alerting.alertmanagers` in its configuration. Alertmanager's own notifications go to `/intake/alertmanager`, native signals to `/v1/signals`.";
    GRAFANA_FORMAT = "grafana-format", 400, "this is not a webhook of Grafana's alerting",
        cause: "This path reads what a webhook contact point of Grafana sends: `version` \"1\", a number `orgId`, and `alerts`. Often a custom payload template has left one of them out.",
        remedy: "Remove the custom payload from the contact point, or let it keep these fields. Alertmanager's notifications go to `/intake/alertmanager`, other JSON to `/intake/webhook/{name}`.";
    GRAFANA_SIGNATURE = "grafana-signature", 401, "Grafana's signature does not match",
        cause: "The secret, the name of a header or the use of a timestamp differs between the contact point and the source here, something on the way changed the body, or the clocks differ by more than five minutes.",
        remedy: "Compare the contact point's HMAC settings (secret, header, timestamp header) with those of the source, and keep both clocks synchronised.";
    SOURCE_SIGNATURE = "source-signature", 401, "the signature of a declared webhook does not match",
        cause: "The policy says that this source signs its bodies, with HMAC-SHA256. The header is missing, the secret differs on the two sides, or something on the way changed the body.",
        remedy: "Compare the secret at the sender with the environment variable that the policy names under `signature`, and the name of the header.";
    SOURCE_UNKNOWN = "source-unknown", 404, "no source has that name",
        cause: "The path names a webhook that the policy in force does not declare under `sources`.",
        remedy: "Declare it in the policy, or correct the URL at the sender; `/sources` lists the ways in.";
    SOURCE_MISMATCH = "source-mismatch", 403, "the key belongs to another source",
        cause: "The token was made for one source, and opens no other way in, so that a leaked key of one sender cannot speak for another.",
        remedy: "Use the key of this source, or make one on its page under `/sources`.";
    HEARTBEAT_UNKNOWN = "heartbeat-unknown", 404, "the key belongs to no heartbeat",
        cause: "A heartbeat's key is a token that was made for one heartbeat of the policy. This one was made for something else, or the policy in force no longer declares that heartbeat.",
        remedy: "Declare the heartbeat under `heartbeats` in the policy, and make its key on its page under `/sources`, or by `watchbell token create NAME --scope signals:write --source heartbeat:NAME`.";
    QUOTA_EXCEEDED = "quota-exceeded", 429, "the source has used up its quota",
        cause: "The source sent more signals within a minute than it may. Nothing of this request was taken in.",
        remedy: "Wait as long as `Retry-After` says and send again; requests that raise the most severe severity at once have a reserve of their own. If the rate is meant, raise the source's `per_minute` in the policy, or `signals_per_minute` in the settings.";
    SERVICES_FLOODING = "services-flooding", 429, "a key brings ever new services",
        cause: "One key sent signals that fire triggers for more than 60 services within an hour that the policy does not declare. What it says of further ones is taken in as of the service `many-services`, with the own name as the label `service`: it opens, raises and pages as before, in one incident a class.",
        remedy: "Look at the incident of `many-services`, and at the sender. If the services are meant, declare them under `services` in the policy; if not, revoke the key.";
    PAGERDUTY_FORMAT = "pagerduty-format", 400, "this is not an event of PagerDuty's Events API, version 2",
        cause: "Events need `routing_key`, `event_action` and, to trigger, a `payload` with `summary`, `source` and `severity` (critical, error, warning or info); to acknowledge or resolve, a `dedup_key`. Changes need `routing_key` and `payload.summary`.",
        remedy: "Correct the fields that the detail names. The sender got the same list in PagerDuty's form, and will not send the event again by itself.";
    MAPPING_PATH = "mapping-path", 422, "a path of a mapping cannot be read",
        cause: "A path leads through the JSON of a webhook, as in `ticket.id`, `items[0].name` or `labels[\"a.b\"]`, in at most 16 steps.",
        remedy: "Correct the path that the detail shows, in the policy under `sources`.";
    MAPPING_UNFIT = "mapping-unfit", 422, "the body does not fit the mapping of its source",
        cause: "The policy says under `sources` where each part of a signal stands in the bodies of this webhook. At one of these places there is nothing, or something of the wrong kind.",
        remedy: "Compare a body of the sender with the path that the detail names; correct the path, or give it a default if the value may be absent.";
    ALERTS_TRUNCATED = "alerts-truncated", 422, "alerts are missing from a notification",
        cause: "The sender's `max_alerts`, or the limit of 5,000 alerts a request, cut the list. What was cut off was never seen here.",
        remedy: "Remove `max_alerts` from the receiver, or group by more labels so that a notification holds fewer alerts.";
    ALERTS_ADJUSTED = "alerts-adjusted", 422, "alerts were taken in with changes",
        cause: "Alerts with overlong labels are shortened, and those whose time lies in the future or cannot be read count from their arrival, since losing them would be worse. Or the sender had to leave something out.",
        remedy: "Shorten the labels, and synchronise the clocks of Prometheus and this server.";
}
