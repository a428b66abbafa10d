//! Problems on the way to people.

crate::codes! { DELIVERY;
    ADDRESS_FORBIDDEN = "address-forbidden", 422, "the address leads inside",
        cause: "A webhook's host is, or resolves to, a loopback, private, link-local or otherwise internal address. One such address among several is enough.",
        remedy: "Use a public address, or set `allow_internal: true` on the channel if the internal receiver is really meant.";
    CHANNEL_URL_INVALID = "channel-url-invalid", 422, "the channel's URL cannot be used",
        cause: "A webhook needs an absolute http or https URL with a host, without user name and password, of at most 2,048 characters. The URL of a chat's incoming webhook is itself a secret, so it must be https unless the channel says `allow_internal: true`.",
        remedy: "Correct the URL, or the variable that `url_env` names. Put credentials of a signed webhook into the signing secret, not into the URL.";
    SIGNING_SECRET_INVALID = "signing-secret-invalid", 422, "the signing secret cannot be used",
        cause: "A Standard Webhooks secret is `whsec_` and the base64 of 24 to 64 random bytes; during a rotation several stand side by side, separated by spaces.",
        remedy: "Create one with `printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"` and give the same to the receiver.";
    SECRET_MISSING = "secret-missing", 422, "a secret is not there",
        cause: "A secret is read from the environment variable that the configuration names, or from the file that the same name with `_FILE` points to. Neither is set, both are, or the file cannot be read.",
        remedy: "Set exactly one of the two; a file needs to be readable by the user that runs Watchbell and to hold nothing but the secret.";
    MESSAGE_TOO_LARGE = "message-too-large", 422, "the message is too large to be sent",
        cause: "Standard Webhooks limits a message to 20 KB, and receivers rely on it; e-mail and chat keep the same limit, and chat programs cut what exceeds 40,000 characters. Words that a person approved are never cut, so the message is refused whole.",
        remedy: "Shorten the texts of the incident's title or update; the link leads to everything else.";
    MAIL_CHANNEL_INVALID = "mail-channel-invalid", 422, "the e-mail channel cannot be used",
        cause: "An e-mail channel needs `host`, a host's name or address without scheme and port, and `from`, one address with a domain name, such as `Watchbell <watchbell@example.com>`. `ca`, if given, holds certificates in PEM.",
        remedy: "Correct the setting that the detail names; the port has a setting of its own.";
    MAIL_PLAIN_FORBIDDEN = "mail-plain-forbidden", 422, "mail would leave this machine unencrypted",
        cause: "The channel says `security: none`, which is for a mail server on this machine, but its host is, or resolves to, another one.",
        remedy: "Use `security: tls` or `security: starttls`, or set `allow_plain: true` if the network between the two is trusted.";
    MAIL_ADDRESS_INVALID = "mail-address-invalid", 422, "a contact is no e-mail address",
        cause: "A contact by e-mail is one address of the form `name@domain`, of at most 254 characters, without a display name, quotes or spaces.",
        remedy: "Correct the person's contact in the roster; several addresses are several contacts.";
    SIGNATURE_INVALID = "signature-invalid", 401, "the webhook's signature does not match",
        cause: "The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` are missing or malformed, the body or the secret differs from what was signed, or the clocks differ by more than five minutes.",
        remedy: "Compare the secret on both sides, sign the bytes that are really sent, and keep both clocks synchronised.";
    TRUST_ROOTS_MISSING = "trust-roots-missing", 503, "this machine trusts no certificate authority",
        cause: "No CA certificates were found on the system, so that no https receiver and no mail server can be verified.",
        remedy: "Install the package `ca-certificates` (in a container too), or point SSL_CERT_FILE to a bundle, and restart.";
}
