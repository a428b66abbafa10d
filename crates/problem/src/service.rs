//! Problems of the running server, and what it complains about by itself.

crate::codes! { SERVICE;
    OVERLOADED = "overloaded", 503, "too much waits to be written",
        cause: "Requests arrive faster than the disk takes them, so the bounded queue is full. Nothing was taken in.",
        remedy: "Send again after the time in `Retry-After`. If it lasts, send in batches or use a faster disk.";
    STOPPING = "stopping", 503, "the server is shutting down",
        cause: "It finishes what it has accepted and takes in nothing new.",
        remedy: "Send again once it has started anew.";
    INPUT_QUARANTINED = "input-quarantined", 500, "this input was set aside",
        cause: "Deciding it failed inside Watchbell. Its neighbours were written; this one changed nothing.",
        remedy: "Report it with the self-alert's detail. Send it in another form if it is urgent.";
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused", 422, "the idempotency key belongs to another request",
        cause: "The same `Idempotency-Key` came before with another body or path.",
        remedy: "Use a new key for each new request, and the same key only to repeat one.";
    POLICY_NOT_ACTIVATED = "policy-not-activated", 422, "the new policy or roster is not valid",
        cause: "The files given at start have errors. The last valid version runs on.",
        remedy: "Run `watchbell check` on the files, mend them, and restart or send SIGHUP.";
    DOCUMENTS_NOT_RELOADED = "documents-not-reloaded", 422, "an edited policy or roster is not valid",
        cause: "The roster's file was changed, or SIGHUP asked to read both files, and what stands there has errors or cannot be read. The documents in force go on.",
        remedy: "Run `watchbell check` on the files and mend them; the roster is read again by itself, the policy at the next SIGHUP.";
    DELIVERY_DEAD = "delivery-dead", 500, "a message could not be delivered",
        cause: "Every attempt failed until it expired, or the receiver refused it for good.",
        remedy: "Look at the outcome under Deliveries, and check the channel's address and secret.";
    CHANNEL_DISABLED = "channel-disabled", 503, "the channel is switched off",
        cause: "Its receiver answered 410: it is gone for good.",
        remedy: "Give the channel another address in the roster, and restart; that switches it on again.";
    CHANNEL_MISCONFIGURED = "channel-misconfigured", 503, "a channel cannot send",
        cause: "Its address or secret is missing or wrong. People on it are reached by their other contacts only.",
        remedy: "Set the environment variables that the roster names, then restart.";
    NO_ONE_ON_CALL = "no-one-on-call", 500, "a step of an escalation had nobody to page",
        cause: "At the instant of the page nobody was on call in that schedule. The next step was paged at once.",
        remedy: "Fill the gap in the schedule; `watchbell check` shows it.";
    DETECTORS_FULL = "detectors-full", 500, "triggers watch too many keys",
        cause: "A trigger keeps counts or rates apart by a field with very many values, such as a customer's id. Beyond the limit further values are judged together, so it may fire too early, never too late.",
        remedy: "Leave that field out of the trigger's `key` or `by`, or name one with few values, such as a region. Counts whose window has passed make room by themselves.";
    STATUS_NOT_EXPORTED = "status-not-exported", 500, "the status page was not written",
        cause: "A file of the exported status page could not be written: the folder is missing, full, or not ours. What is there is older than it should be.",
        remedy: "Mend the folder that the detail names; it is written again within a minute. The server's own page at /status is not affected.";
    STATUS_UNSEEN = "status-unseen", 409, "this store has no status page yet",
        cause: "The page's ids are made when a server first shows or exports the page, so that they never change afterwards.",
        remedy: "Start the server once on this store; then export again.";
    APPROVED_UNSENT = "approved-unsent", 500, "approved words were not published",
        cause: "A person approved a message to an audience, and for a minute nobody published it. The audience still waits.",
        remedy: "Open the incident and publish the message, or draft another.";
    OUTGOING_HELD = "outgoing-held", 409, "outgoing messages are held already",
        cause: "Somebody holds all outgoing messages but those of severity 1. One hold runs at a time, for at most an hour.",
        remedy: "Wait for its end, or end it with `watchbell hold --end` and begin another.";
    NOTHING_HELD = "nothing-held", 409, "outgoing messages are not held",
        cause: "No hold is running: it was ended, or its time was over.",
        remedy: "There is nothing to do; messages go out.";
    NO_TEST_CLOCK = "no-test-clock", 409, "time cannot be moved here",
        cause: "The server runs on real time.",
        remedy: "Start it with `serve --dev --test-clock` to move time by hand.";
    HEARTBEAT_UNSENT = "heartbeat-unsent", 500, "the heartbeat does not reach the dead-man's switch",
        cause: "Three heartbeats in a row were not taken, or `[heartbeat]` in the settings cannot be used. Incidents are handled all the same, but a failure of the whole server may go unnoticed.",
        remedy: "Check the URL, the other side, and the way there; the log names each failure as `heartbeat.failed`. A switch on an internal address needs `allow_internal = true`.";
    TEST_PAGE_NOBODY = "test-page-nobody", 422, "nobody can be sent a test page there",
        cause: "The person is not in the roster, or has no contact but the inbox of Watchbell.",
        remedy: "Name a person of the roster, and give them a contact: `contacts: [{email: ana@example.com}]`.";
    TEST_PAGE_FAILED = "test-page-failed", 500, "a scheduled test page did not arrive",
        cause: "Within the time of `[test_page]` no contact of the person gave the receipt that its channel can give. A page of an incident would not arrive there either.",
        remedy: "Look at Deliveries for the outcome of the test page, repair the channel or the contact, and run `watchbell test-page`.";
    CLOCK_JUMPED = "clock-jumped", 500, "the machine's clock jumped",
        cause: "The wall clock and the monotonic clock disagree by more than 2 s since the last look.",
        remedy: "Check time synchronisation (NTP). Deadlines go by the wall clock.";
}
