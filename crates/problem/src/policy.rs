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
}
