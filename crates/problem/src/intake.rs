//! Problems with signals on their way in.

crate::codes! { INTAKE;
    SIGNAL_MALFORMED = "signal-malformed", 400, "the body is not valid JSON",
        cause: "The request body, or a line of it, could not be parsed as JSON in UTF-8.",
        remedy: "Send one JSON object, an array of objects, or one object per line (NDJSON), in UTF-8.";
}
