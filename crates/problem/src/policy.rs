//! Problems found in policy and roster documents.

crate::codes! { POLICY;
    POLICY_SYNTAX = "policy-syntax", 422, "the document is not valid YAML",
        cause: "The file breaks YAML's rules, or exceeds the limits that guard against YAML bombs (size, depth, aliases).",
        remedy: "Look at the line shown. Quote texts that contain `: ` or start with a special character; write repeated parts out instead of nesting aliases.";
    CONDITION_SYNTAX = "condition-syntax", 422, "the condition cannot be read",
        cause: "Conditions are a small part of CEL: fields of the signal, texts in quotes, numbers, == != < <= > >=, in [list], has(), .startsWith(), && || ! and parentheses. Arithmetic, loops and other functions are not part of it.",
        remedy: "Look at the place shown. In YAML put the whole condition into single quotes, or after `when:` unquoted, and texts within it into double quotes.";
    CONDITION_UNKNOWN_FIELD = "condition-unknown-field", 422, "the condition asks for a field that signals do not have",
        cause: "The fields are signal.source, metric, service, label, summary, link, value, late, unit.kind, unit.id, evaluator.kind, evaluator.name, evaluator.version, and labels by name.",
        remedy: "Correct the name; what a sender adds by itself is reached by signal.labels[\"name\"].";
    CONDITION_TYPE = "condition-type", 422, "the condition mixes types",
        cause: "A number was compared with a text, or something that is neither true nor false stands where a truth is needed.",
        remedy: "signal.value is a number, signal.late is true or false, everything else is a text in quotes.";
    CONDITION_LIMIT = "condition-limit", 422, "the condition is too large",
        cause: "Conditions have a limit on length (4096 bytes) and nesting (32 levels), so that each signal is judged in a known time.",
        remedy: "Split it into several triggers that raise the same class.";
    POLICY_LIMIT = "policy-limit", 422, "the document exceeds a limit",
        cause: "Documents have limits on size (1 MiB), nesting (24 levels) and parts after aliases are expanded (100,000), so that no file can exhaust the machine.",
        remedy: "Write repeated parts out instead of nesting aliases, and remove what is not part of the policy.";
    POLICY_VERSION = "policy-version", 422, "the document's format is of another version",
        cause: "`version` names the version of the format, not of your policy. This program reads version 1.",
        remedy: "Write `version: 1`, or use the program that the document was written for.";
    POLICY_UNKNOWN_KEY = "policy-unknown-key", 422, "a key has no meaning here",
        cause: "The key is misspelt, stands at the wrong level, or belongs to a newer version. Unknown keys are refused because a promise with a typing error would otherwise silently not be made.",
        remedy: "Correct the key as suggested, or move it to where it belongs.";
    POLICY_MISSING_KEY = "policy-missing-key", 422, "a required key is missing",
        cause: "Something was left out that has no sensible default.",
        remedy: "Add the key named in the message.";
    POLICY_TYPE = "policy-type", 422, "a value has the wrong shape",
        cause: "A single value, a list or a mapping stands where one of the others is expected.",
        remedy: "Compare with the example in the documentation; check the indentation and the dashes.";
    POLICY_VALUE = "policy-value", 422, "a value cannot be read",
        cause: "A duration, percentage, date, word or id is not written as expected.",
        remedy: "Write it as the message shows: durations such as 90s, 10m, 2h 30m, 1 week, 5 business days; percentages such as 5%.";
    POLICY_DUPLICATE = "policy-duplicate", 422, "something is defined twice",
        cause: "Two definitions share a key, an id, a rank or a name, also one that is built in, so that nobody could say which holds.",
        remedy: "Remove one, or rename it.";
    UNKNOWN_SEVERITY = "unknown-severity", 422, "there is no such severity",
        cause: "A severity is named that `severities` does not list.",
        remedy: "Use one of the listed names or ranks, or add the severity.";
    UNKNOWN_CLASS = "unknown-class", 422, "there is no such class",
        cause: "A trigger raises a class that is not declared and whose name is close to a declared one, or a holding statement is for a class that is not declared: most likely a typing error.",
        remedy: "Correct the name; if it really is another class, declare it under `classes`.";
    CLASS_UNDECLARED = "class-undeclared", 422, "a class is raised but not declared",
        cause: "A trigger raises a class that `classes` does not mention. Its incidents open with the targets and owners of their severity only.",
        remedy: "Declare the class under `classes`, even if empty, so that its name is not a typing error.";
    UNKNOWN_AUDIENCE = "unknown-audience", 422, "there is no such audience",
        cause: "Updates are promised to an audience that `audiences` does not define.",
        remedy: "Correct the name, or define the audience.";
    UNKNOWN_ESCALATION = "unknown-escalation", 422, "there is no such escalation",
        cause: "A class names an escalation that `escalation` does not define.",
        remedy: "Correct the name, define the escalation, or leave it out for `default`.";
    UNKNOWN_PLAYBOOK = "unknown-playbook", 404, "there is no such playbook",
        cause: "A class, or another playbook, names a playbook that neither comes with the program nor stands under the policy's `playbooks`. In a started incident: nothing is called that.",
        remedy: "Correct the name (`watchbell checklist` lists them all), or write the playbook under `playbooks`.";
    UNKNOWN_METRIC = "unknown-metric", 422, "there is no such metric",
        cause: "A rate trigger names a metric that `metrics` does not define, so that nobody knows which values are bad.",
        remedy: "Correct the name, or define the metric with `bad_below` or `bad_above`.";
    UNKNOWN_PERSON = "unknown-person", 422, "there is no such person",
        cause: "A role, step, schedule or fallback names a person whom the roster's `people` does not list.",
        remedy: "Correct the id, or add the person to the roster. To page a schedule write schedule/<id>.";
    UNKNOWN_SCHEDULE = "unknown-schedule", 422, "there is no such schedule",
        cause: "The policy names a schedule that the roster's `schedules` does not define.",
        remedy: "Correct the id, or add the schedule to the roster.";
    UNKNOWN_CALENDAR = "unknown-calendar", 422, "there is no such calendar",
        cause: "A target or audience names a calendar that the roster's `calendars` does not define. Only `always` is built in.",
        remedy: "Correct the name, or add the calendar to the roster.";
    UNKNOWN_STATUTORY = "unknown-statutory", 422, "there is no such statutory clock",
        cause: "A class names a statutory clock that the built-in table does not have.",
        remedy: "Correct the id; for a promise of your own write a target instead.";
    STATUTORY_DISABLED = "statutory-disabled", 422, "a statutory clock cannot be used",
        cause: "Its row was not verified against the law, is not in force, or starts with something that incidents do not record.",
        remedy: "Leave it out and have counsel keep it, or promise it to yourselves as a target.";
    STATUTORY_NEVER_STARTS = "statutory-never-starts", 422, "a statutory clock never starts",
        cause: "It starts when another notice is submitted, and the class does not name the clock of that notice.",
        remedy: "Name the clocks of the earlier notice too, or leave this one out.";
    UNKNOWN_SERVICE = "unknown-service", 422, "a condition asks for a service that is not listed",
        cause: "A condition compares signal.service with a name that `services` does not define, most likely a typing error: it would never hold.",
        remedy: "Correct the name, or list the service under `services`.";
    CHANNEL_UNCONFIGURED = "channel-unconfigured", 422, "a channel is used but not configured",
        cause: "A contact or an audience names a channel that the roster's `channels` does not define and that is not built in (email, inbox).",
        remedy: "Add the channel to the roster, or correct its name.";
    SEVERITY_WITHOUT_TARGETS = "severity-without-targets", 422, "nothing is promised for a severity",
        cause: "`targets` has no entry for it, so that its incidents run no clocks of their own.",
        remedy: "Add an entry under `targets`, at least with `acknowledge`.";
    ACKNOWLEDGE_MISSING = "acknowledge-missing", 422, "the most severe incidents promise no first response",
        cause: "The targets of rank 1 lack `acknowledge`, the promise that a person responds.",
        remedy: "Add `acknowledge: 10m`, or the time that you can keep.";
    STRICTER_IS_LOOSER = "stricter-is-looser", 422, "a more severe incident is promised less",
        cause: "A severity allows more time for something than the next less severe one does.",
        remedy: "Change one of the two; usually two numbers were swapped.";
    ESCALATES_TOO_SOON = "escalates-too-soon", 422, "the second line is paged before the first one is late",
        cause: "`escalate_after` is shorter than `acknowledge`.",
        remedy: "Let `escalate_after` be at least as long as `acknowledge`.";
    BUSINESS_DAYS_WITHOUT_CALENDAR = "business-days-without-calendar", 422, "business days are counted without a calendar",
        cause: "On the calendar `always` every day is a business day, also Sunday.",
        remedy: "Name a calendar of the roster: {within: 5 business days, calendar: support-hours}.";
    AUDIENCE_UNREACHABLE = "audience-unreachable", 422, "nothing leads to an audience",
        cause: "It has neither channels nor a public surface, so that no update could ever be seen.",
        remedy: "Give it `channels: [...]` or `surface: status-page`.";
    ROLE_WITHOUT_OWNER = "role-without-owner", 422, "nobody owns a role",
        cause: "A role that incidents need, or on whose decision a message waits, has no owner.",
        remedy: "Give the role an `owner` under `roles` of the policy or of the class.";
    CLASS_WITHOUT_TRIGGER = "class-without-trigger", 422, "no trigger raises a class",
        cause: "Only people can declare incidents of this class. That can be intended.",
        remedy: "Add a trigger, or leave it.";
    TRIGGER_SHADOWED = "trigger-shadowed", 422, "a trigger never adds anything",
        cause: "An earlier trigger fires on the same signals, for the same incident, at least as severely.",
        remedy: "Remove one of the two, or change what it looks at.";
    METRIC_WITHOUT_BOUND = "metric-without-bound", 422, "a metric does not say what is bad",
        cause: "A rate trigger counts the bad share of a metric that has neither `bad_below` nor `bad_above`.",
        remedy: "Add one of them to the metric.";
    PERSON_WITHOUT_CONTACT = "person-without-contact", 422, "a person cannot be paged",
        cause: "The person has no contacts in the roster.",
        remedy: "Add `contacts`, in order of preference.";
    FALLBACK_EMPTY = "fallback-empty", 422, "nobody is paged when nobody answers",
        cause: "The roster's `fallback` is missing or empty, or nobody on it has a contact. It is the last line when a schedule has a gap or a step resolves to nobody.",
        remedy: "Name at least one person with a contact; better two.";
    STEP_REACHES_NOBODY = "step-reaches-nobody", 422, "an escalation step reaches nobody",
        cause: "Nobody whom the step may page has a contact, or the escalation has no steps.",
        remedy: "Add contacts to the people concerned, or page somebody else.";
    STEP_NEVER_REACHED = "step-never-reached", 422, "escalation steps can never be reached",
        cause: "A step before the last one repeats until somebody acknowledges, so that the next one never comes.",
        remedy: "Let only the last step repeat.";
    SCHEDULE_EMPTY = "schedule-empty", 422, "nobody is ever on call in a schedule",
        cause: "No layer of the schedule names a person.",
        remedy: "Name at least one person, or remove the schedule.";
    SCHEDULE_INVALID = "schedule-invalid", 422, "a schedule cannot be used",
        cause: "Its zone, rotation, restrictions or overrides contradict each other.",
        remedy: "Correct what the message names.";
    CALENDAR_NEVER_OPEN = "calendar-never-open", 422, "a calendar has no open time",
        cause: "Its weekly hours are empty, or holidays cover them, so that no clock on it would ever be due.",
        remedy: "Give it weekly hours.";
    CALENDAR_INVALID = "calendar-invalid", 422, "a calendar cannot be used",
        cause: "Hours of a day overlap, or a date does not exist.",
        remedy: "Correct what the message names.";
    UNKNOWN_CHECK = "unknown-check", 422, "there is no such check to ignore",
        cause: "An entry of `ignore` names a check that does not exist, or one that finds errors, which cannot be ignored.",
        remedy: "Name a check whose findings are warnings or notes; the documentation of `watchbell check` lists them.";
    IGNORE_EXPIRED = "ignore-expired", 422, "an ignored finding counts again",
        cause: "The day `until` of an entry of `ignore` is over, so that what it hid is shown again.",
        remedy: "Solve what was put off and remove the entry, or give it a new day and a reason that still holds.";
    IGNORE_UNUSED = "ignore-unused", 422, "there is nothing to ignore",
        cause: "An entry of `ignore` fits no finding: it has been solved, or `at` names another place.",
        remedy: "Remove the entry, or correct `at`.";
    PLAN_OUTDATED = "plan-outdated", 409, "the policy has moved since the plan was made",
        cause: "A plan names what was in force when it was made. Since then another policy or roster came into force, so that its differences are no longer what was looked at.",
        remedy: "Make the plan again with `watchbell plan`, read it, and apply that one.";
    PLAN_INVALID = "plan-invalid", 422, "the documents have errors and cannot come into force",
        cause: "The candidate's policy or roster has errors; what is in force goes on.",
        remedy: "Correct the first error that the detail names; `watchbell check` shows all of them with their places.";
    VERSION_UNKNOWN = "version-unknown", 404, "there is no such version",
        cause: "No policy of that version was in force within the versions that are listed.",
        remedy: "Choose one of `watchbell policy history`.";
}
