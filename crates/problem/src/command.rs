//! Refusals of commands on incidents.

crate::codes! { COMMAND;
    INCIDENT_UNKNOWN = "incident-unknown", 404, "there is no such incident",
        cause: "No incident of that number exists in this workspace, or it is restricted and not visible to you.",
        remedy: "List the incidents with `watchbell incident list`, or check the number.";
    COMMAND_MALFORMED = "command-malformed", 400, "the command cannot be read",
        cause: "A field is missing, unknown, or has the wrong type.",
        remedy: "Compare the body with the command's description; the detail names the field.";
    COMMAND_UNKNOWN = "command-unknown", 404, "there is no such command",
        cause: "The path names an action that incidents do not have.",
        remedy: "Use one of acknowledge, assign, accept, facts, updates, decide, contain, mitigate, validations, resolve, reopen, severity, notes, pause, unpause, waive, reviews, action-done, decline, hand-over, drafts, approve, publish, corrections, break-glass, confirm, confirm-severity, decline-severity.";
    TEXT_INVALID = "text-invalid", 422, "a text is missing or too long",
        cause: "A required text is empty, or longer than its limit.",
        remedy: "Give the text that the detail names, within the limit it states.";
    NAME_UNKNOWN = "name-unknown", 422, "the policy or roster has no such name",
        cause: "The command names a class, severity, service, person, role or audience that is not declared.",
        remedy: "Use one of the names in the detail, or add it to the policy or roster.";
    PERSON_REQUIRED = "person-required", 403, "only a person can do this",
        cause: "The command came with a program's token. A machine's act never keeps a promise that people made.",
        remedy: "Sign in, or use a token that belongs to a person (`watchbell token create --person ID`).";
    ROLE_REQUIRED = "role-required", 403, "another role decides this",
        cause: "The policy gives this decision to the holder of one role, and you do not hold it.",
        remedy: "Ask the person named in the detail, or have the role assigned to you first.";
    SEPARATION_OF_DUTIES = "separation-of-duties", 409, "one person may not hold both roles",
        cause: "The policy keeps two roles apart, usually remediation and validation, and this would give both to one person.",
        remedy: "Let another person do it; the detail names who holds the other role.";
    STAGE_MISMATCH = "stage-mismatch", 409, "the incident is not at that stage",
        cause: "The command does not apply to the incident's present status.",
        remedy: "Look at the incident: it may have moved on while you were reading.";
    EVIDENCE_STALE = "evidence-stale", 409, "the evidence is older than the fix",
        cause: "Validation must rest on evidence taken after the mitigation, or after the opening where nothing was mitigated.",
        remedy: "Run the evaluation again and give the instant at which it was taken as `observed_at`.";
    VALIDATION_REQUIRED = "validation-required", 409, "it is not proven yet",
        cause: "An incident resolves only after a passed validation whose evidence is newer than the mitigation.",
        remedy: "Record a validation first: `watchbell incident validate`.";
    EVIDENCE_INVALID = "evidence-invalid", 422, "the evidence cannot be used",
        cause: "Evidence is of one of four kinds: evaluation, sample, link, file. A link or a file needs the address at which it can be seen.",
        remedy: "Correct what the detail names; addresses begin with https:// or http://.";
    HOLD_RUNNING = "hold-running", 409, "the fix has not stood long enough",
        cause: "After a passed validation the policy asks for a hold, in which a bad signal would fail it again.",
        remedy: "Resolve after the instant that the detail names. In an emergency two people can break the glass: `break_glass` by one, `confirm` by the other.";
    BREAK_GLASS_ABSENT = "break-glass-absent", 409, "there is nothing to confirm",
        cause: "Nobody asked to resolve this incident without proof, or the request is older than 30 minutes.",
        remedy: "Ask for it with `break_glass` and a reason, and let another person confirm it within 30 minutes.";
    UPDATE_UNKNOWN = "update-unknown", 404, "there is no such message",
        cause: "No words of that number wait to be approved or published, or none were published. A newer draft, or a message to the same audience, takes the place of words that wait.",
        remedy: "Take the number from the incident's drafts and messages.";
    CORRECTION_UNCHANGED = "correction-unchanged", 422, "the correction says the same",
        cause: "Its text is that of the message that it corrects. Published, it would tell people that something was wrong, and not what.",
        remedy: "Write what is right now. Where the message was right after all, publish nothing.";
    STATEMENT_MISSING = "statement-missing", 422, "there is no holding statement",
        cause: "The policy has no `statements` for this class in the audience's language, nor in English.",
        remedy: "Write the words yourself as `text`, or add the statement to the policy.";
    NOTICE_UNKNOWN = "notice-unknown", 422, "the notice is missing, or not one of this class",
        cause: "A submission names the statutory notice that was submitted, which must be one of the class's `statutory`.",
        remedy: "Give one of the notices in the detail as `notice`, such as `gdpr-33-1`.";
    LOWERING_ABSENT = "lowering-absent", 409, "there is no lower severity to confirm or decline",
        cause: "Nobody asked to lower the severity of this incident, or the request is older than 30 minutes, or the severity has changed since.",
        remedy: "Ask for it with `severity` and a reason, and let another person confirm it within 30 minutes.";
    FACT_UNCHANGED = "fact-unchanged", 409, "the fact is on record already, and this changes nothing",
        cause: "Of several statements of one fact the earliest counts, so that nobody puts a legal deadline off by stating it again; or a correction repeats what it corrects.",
        remedy: "If the recorded statement is wrong, send the right instant with `corrects`: why the other is wrong. Both stay on record. For anything else write a note.";
    APPROVAL_REQUIRED = "approval-required", 403, "another person must approve this",
        cause: "The policy asks for the approval of a role, or of a second person, before this takes effect.",
        remedy: "Let the person or the holder of the role that the detail names do it; for a second person, anyone of the roster but you.";
    STEP_UNKNOWN = "step-unknown", 404, "there is no such step",
        cause: "The command names a checklist that was not started in this incident, or a step that it does not have.",
        remedy: "Start the playbook first, or use one of the names and numbers in the detail.";
    CLOCK_UNKNOWN = "clock-unknown", 404, "there is no such running clock",
        cause: "The incident has no clock of that name, or it has ended.",
        remedy: "Take the name from the incident's list of clocks, such as `update:customers#3`.";
    TIME_INVALID = "time-invalid", 422, "the time does not fit",
        cause: "The time lies in the future where it must not, in the past where it must not, or too far away.",
        remedy: "Check the value and its offset from UTC; the detail says what is allowed.";
}
