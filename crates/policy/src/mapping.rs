//! Sources that a policy declares: which webhook may come in, and where each part of a signal
//! stands in its JSON.
//!
//! Only the shape stands here. Reading a body by it is the crate `intake`'s business.

mod path;

use std::collections::BTreeMap;

pub use path::Path;

/// Signals that a declared source may send in a minute, where the policy says nothing.
pub const DEFAULT_PER_MINUTE: u32 = 6_000;

/// A webhook of somebody else's product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSource {
    /// Name for people.
    pub name: String,
    /// How its JSON becomes signals.
    pub mapping: Mapping,
    /// How its bodies are signed, if they are.
    pub signature: Option<Signature>,
    /// Signals that it may send in a minute.
    pub per_minute: u32,
}

/// How a sender signs: HMAC-SHA256 of the body, as hexadecimal digits or base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Environment variable (or `…_FILE`) that holds the secret.
    pub secret_env: String,
    /// The header that carries the signature.
    pub header: String,
}

/// Where one part of a signal comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Always this text.
    Constant(String),
    /// What stands at a path. Texts, numbers and booleans are taken; null is as good as absent.
    At {
        /// Where it stands.
        path: Path,
        /// What counts where nothing stands there.
        default: Option<String>,
    },
}

/// Where the unit of evidence comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFields {
    /// Kind of unit, mostly a constant such as `conversation`.
    pub kind: Field,
    /// Its id at the sender. A signal without one has no unit.
    pub id: Field,
}

/// How the JSON of one source becomes signals. What is not optional must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// An array of which each element is a signal; without it the body is one.
    pub each: Option<Path>,
    /// Where signals come from; the name of the declared source.
    pub source: Field,
    /// What was measured.
    pub metric: Field,
    /// The service of the policy.
    pub service: Field,
    /// The idempotency key; without it repetitions cannot be told.
    pub id: Option<Field>,
    /// When it happened: RFC 3339, or seconds or milliseconds since 1970.
    pub at: Option<Field>,
    /// A number, also one written as a text.
    pub value: Option<Field>,
    /// A verdict.
    pub label: Option<Field>,
    /// One line for people.
    pub summary: Option<Field>,
    /// The unit of evidence.
    pub unit: Option<UnitFields>,
    /// Where to look further; what is no http or https link is left out.
    pub link: Option<Field>,
    /// Further labels by name; those that find nothing are left out.
    pub labels: BTreeMap<String, Field>,
}
