//! Problems on the way to people.

crate::codes! { DELIVERY;
    ADDRESS_FORBIDDEN = "address-forbidden", 422, "the address leads inside",
        cause: "A webhook's host resolves to a loopback, private, link-local or otherwise internal address.",
        remedy: "Use a public address, or list the host under `allow_internal` of the channel if it is really meant.";
}
