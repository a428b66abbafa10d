//! Refusals at the door: access, and requests that no handler ever sees.

crate::codes! { ACCESS;
    TOKEN_MISSING = "token-missing", 401, "this request needs a token or a session",
        cause: "The request carried neither `Authorization: Bearer` nor a session cookie.",
        remedy: "Create a token with `watchbell token create`, or sign in with a password or a one-time link.";
    TOKEN_UNKNOWN = "token-unknown", 401, "no such token",
        cause: "The token was revoked, belongs to another server, or is misspelt; or the header is not `Authorization: Bearer TOKEN`.",
        remedy: "Compare the end of the token with the list of `watchbell token list`, or create a new one.";
    TOKEN_EXPIRED = "token-expired", 401, "the token has expired",
        cause: "Every token has an end, so that a forgotten one does not stay open for ever.",
        remedy: "Create a new token and put it where the old one is used.";
    SESSION_ENDED = "session-ended", 401, "the session has ended",
        cause: "Sessions last 12 hours, and end at once when someone signs out.",
        remedy: "Sign in again with your password, or by a one-time link (`watchbell user link PERSON`).";
    PERSON_LEFT = "person-left", 401, "the person has no access any more",
        cause: "The token or session belongs to a person whom the roster no longer has.",
        remedy: "Put the person back into the roster, or use another token.";
    SCOPE_MISSING = "scope-missing", 403, "the token does not allow this",
        cause: "Each token allows what its scopes name: `signals:write`, `incidents:read`, `incidents:write`, or all with `admin`.",
        remedy: "Use a token with the scope that the detail names.";
    ROLE_MISSING = "role-missing", 403, "your role does not allow this",
        cause: "People are viewers, reporters, responders, publishers or administrators, and each may do what the one before may and more.",
        remedy: "Ask someone with the role that the detail names, or an administrator for another role (`watchbell user create PERSON --role ROLE`).";
    SIGN_IN_REFUSED = "sign-in-refused", 401, "the name or the password is wrong",
        cause: "No account has that name and password; which of the two is wrong is not told.",
        remedy: "Try again, or ask an administrator for a link (`watchbell user create PERSON --role ROLE` makes one to choose a new password).";
    SIGN_IN_THROTTLED = "sign-in-throttled", 429, "too many attempts to sign in",
        cause: "From one network a name can be tried ten times in a quarter of an hour, and all names together sixty times, so that passwords cannot be guessed. From other networks the name can still be used.",
        remedy: "Wait until the time in the detail. A one-time link of an administrator works at once.";
    GUESSES_TOO_MANY = "guesses-too-many", 429, "too many wrong codes came from there",
        cause: "A network may send sixty wrong tokens and sixty wrong links in a quarter of an hour; good ones are taken all the same.",
        remedy: "Look for a program there that still uses a token that was revoked, and give it a new one.";
    PASSWORD_WEAK = "password-weak", 422, "this password cannot be used",
        cause: "It is too short or too long, repeats one character, or was not typed the same twice.",
        remedy: "Choose at least twelve characters: several words are easier to type than signs.";
    ACCOUNT_UNKNOWN = "account-unknown", 404, "there is no such account",
        cause: "That person of the roster has no account, or it was removed.",
        remedy: "List the accounts with `watchbell user list`.";
    SESSION_UNKNOWN = "session-unknown", 404, "there is no such session",
        cause: "It has ended already, or it is another person's.",
        remedy: "List your sessions and take the `id` from there.";
    CROSS_SITE = "cross-site-request", 403, "the request came from another site",
        cause: "Browsers send cookies also with requests that other sites' pages make, so that what changes something must come from our own pages.",
        remedy: "Use the pages of this server at its public URL; check `public_url` if you did. Programs use a token instead of a cookie.";
    LINK_SPENT = "sign-in-link-spent", 410, "this link no longer signs anyone in",
        cause: "A sign-in link works once, and only for a limited time.",
        remedy: "Ask an administrator for a new one, or run `watchbell user link PERSON`.";
    PASS_ENDED = "acknowledge-link-ended", 410, "this link no longer acknowledges anything",
        cause: "The link of a page by mail is for one person and one incident, and works for a day.",
        remedy: "Sign in and open the incident from the board.";
    TOKEN_INVALID = "token-invalid", 422, "a token cannot be made like that",
        cause: "A token needs a name, at least one scope, and an end within five years.",
        remedy: "Correct the field that the detail names.";
    TOKEN_WEAK = "token-weak", 422, "the bootstrap token could be guessed",
        cause: "`WATCHBELL_BOOTSTRAP_TOKEN` opens everything, so that short ones are refused.",
        remedy: "Make one with `openssl rand -base64 32`.";
    CREDENTIAL_UNKNOWN = "credential-unknown", 404, "there is no such token",
        cause: "No token has that id; it may have been deleted already.",
        remedy: "List the tokens and take the `id` from there.";
    CREDENTIALS_TOO_MANY = "credentials-too-many", 409, "there are too many valid credentials",
        cause: "Tokens, sessions and sign-in links are limited in number, so that a program in a loop cannot exhaust the server.",
        remedy: "Delete tokens that nobody needs; find what keeps creating them.";
    IN_FLIGHT_TOO_MANY = "in-flight-too-many", 429, "too many requests at once",
        cause: "One token or session has too many requests under way, and others must get through, too.",
        remedy: "Wait for answers before sending more, and send signals in batches.";
    ROUTE_UNKNOWN = "route-unknown", 404, "there is nothing at this address",
        cause: "The path is misspelt, or belongs to another version.",
        remedy: "Compare the path with the API reference.";
    METHOD_WRONG = "method-wrong", 405, "this address takes another method",
        cause: "The path exists, but not for this HTTP method.",
        remedy: "Use a method that the header `Allow` names.";
    QUERY_INVALID = "query-invalid", 400, "a parameter of the URL cannot be used",
        cause: "A parameter is unknown, misspelt, or out of its range, or a cursor does not come from a previous answer.",
        remedy: "Correct the parameter that the detail names; take cursors from `next` and leave them as they are.";
    CONTENT_TYPE_WRONG = "content-type-wrong", 415, "the body must be JSON",
        cause: "Commands are JSON, and `Content-Type` says something else; `curl -d` does unless told otherwise.",
        remedy: "Send `Content-Type: application/json`.";
    BODY_BROKEN_OFF = "body-broken-off", 400, "the body ended too early",
        cause: "The connection failed before the whole body had arrived. Nothing was done.",
        remedy: "Send the request again.";
    REQUEST_TIMEOUT = "request-timeout", 503, "the request took too long",
        cause: "The body arrived too slowly, or the server could not finish in time. It may still take effect.",
        remedy: "Repeat it with the same `Idempotency-Key`, or the same signal ids: then nothing happens twice.";
    IDEMPOTENCY_KEY_INVALID = "idempotency-key-invalid", 400, "the idempotency key cannot be used",
        cause: "An `Idempotency-Key` has 1 to 255 visible ASCII characters.",
        remedy: "Use a new random UUID for each new request.";
}
