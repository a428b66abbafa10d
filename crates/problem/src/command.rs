//! Refusals of commands on incidents.

crate::codes! { COMMAND;
    INCIDENT_UNKNOWN = "incident-unknown", 404, "there is no such incident",
        cause: "No incident of that number exists in this workspace, or it is restricted and not visible to you.",
        remedy: "List the incidents with `watchbell incident list`, or check the number.";
    COMMAND_MALFORMED = "command-malformed", 400, "the command cannot be read",
        cause: "A field is missing, unknown, or has the wrong type.",
        remedy: "Compare the body with the command's description in the API reference; the detail names the field.";
}
