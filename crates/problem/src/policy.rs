//! Problems found in policy and roster documents.

crate::codes! { POLICY;
    POLICY_SYNTAX = "policy-syntax", 422, "the document is not valid YAML",
        cause: "The file breaks YAML's rules, or exceeds the limits that guard against YAML bombs (size, depth, aliases).",
        remedy: "Look at the line shown. Quote texts that contain `: ` or start with a special character; write repeated parts out instead of nesting aliases.";
}
