//! Refusals for want of permission.

crate::codes! { ACCESS;
    TOKEN_MISSING = "token-missing", 401, "this request needs a token or a session",
        cause: "The request carried neither `Authorization: Bearer` nor a session cookie.",
        remedy: "Create a token with `watchbell token create`, or sign in by a one-time link.";
}
