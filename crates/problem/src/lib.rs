//! The one table of problems that a user can meet.
//!
//! Every refusal, diagnostic and self-alert names one [`Code`]. Help pages
//! (`docs/errors/`), the `help` URL of an HTTP answer and the hints of the command
//! line are projections of this table. It holds no logic.

mod access;
mod command;
mod delivery;
mod intake;
mod policy;
mod service;
mod storage;

pub use access::*;
pub use command::*;
pub use delivery::*;
pub use intake::*;
pub use policy::*;
pub use service::*;
pub use storage::*;

/// One kind of problem: stable code, title, HTTP status, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable kebab-case name; never reused for another meaning.
    pub id: &'static str,
    /// HTTP status with which the API answers.
    pub status: u16,
    /// One line: what is wrong.
    pub title: &'static str,
    /// Why it happens.
    pub cause: &'static str,
    /// What the reader can do about it.
    pub remedy: &'static str,
}

/// A problem met: its code and what was wrong, where. Never holds secrets or customer text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind of problem.
    pub code: &'static Code,
    /// This occurrence: what, where, and the value that was expected.
    pub detail: String,
}

impl Problem {
    /// A problem of kind `code`, described by `detail`.
    pub fn new(code: &'static Code, detail: impl Into<String>) -> Problem {
        Problem { code, detail: detail.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} [{}]", self.code.title, self.detail, self.code.id)
    }
}

impl std::error::Error for Problem {}

/// Declares codes and the slice that lists them.
macro_rules! codes {
    ($table:ident; $($name:ident = $id:literal, $status:literal, $title:literal, cause: $cause:literal, remedy: $remedy:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: crate::Code = crate::Code {
                id: $id, status: $status, title: $title, cause: $cause, remedy: $remedy,
            };
        )*
        #[doc = "The codes of this part of the table, in the order of their pages."]
        pub static $table: &[&crate::Code] = &[$(&$name),*];
    };
}
pub(crate) use codes;

/// Every code, by part.
pub fn table() -> impl Iterator<Item = &'static Code> {
    [POLICY, INTAKE, COMMAND, ACCESS, STORAGE, DELIVERY, SERVICE].into_iter().flatten().copied()
}

/// The code of that name.
pub fn find(id: &str) -> Option<&'static Code> {
    table().find(|code| code.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in table() {
            assert!(seen.insert(code.id), "{} stands twice", code.id);
            assert!(code.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", code.id);
            assert!(!code.cause.is_empty() && !code.remedy.is_empty(), "{} lacks its page", code.id);
            assert!((400..600).contains(&code.status), "{}", code.id);
        }
        assert!(find("signal-malformed").is_some());
    }
}
