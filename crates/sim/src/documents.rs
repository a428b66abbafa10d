//! The documents of the simulated company in their versions, and what the model knows of them.
//!
//! The model's knowledge is written down here a second time and by hand: it reads no YAML.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use engine::{Documents, Rules, Secrets};

const POLICY: &str = include_str!("documents/policy.yaml");
const ROSTER: &str = include_str!("documents/roster.yaml");

/// Versions of the documents.
pub(crate) const VERSIONS: usize = 3;

/// A version as the model knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Acknowledge target of a SEV-1, in minutes.
    pub(crate) acknowledge_min: i64,
    /// Who takes turns in `ai-oncall`.
    pub(crate) turns: [&'static str; 2],
    /// The fallback.
    pub(crate) fallback: &'static str,
}

/// What the model knows, by version.
pub(crate) const KNOWN: [Known; VERSIONS] = [
    Known { acknowledge_min: 10, turns: ["mara", "ana"], fallback: "tom" },
    Known { acknowledge_min: 5, turns: ["mara", "ana"], fallback: "zoe" },
    Known { acknowledge_min: 10, turns: ["ben", "zoe"], fallback: "ana" },
];

/// The first turn of daily rotations without a start: Monday, 1 January 2024, at the hand-off.
const FIRST_TURN_S: i64 = 1_704_067_200 + 13 * 3_600 + 5 * 60;

impl Known {
    /// Who has the turn at an instant, in microseconds since 1970: whole days since the first one.
    pub(crate) fn on_call(&self, at_us: i64) -> &'static str {
        let days = (at_us - FIRST_TURN_S * 1_000_000).div_euclid(86_400 * 1_000_000);
        self.turns[usize::from(days.rem_euclid(2) == 1)]
    }
}

/// The documents of a version.
pub(crate) fn documents(version: usize) -> Documents {
    let known = KNOWN[version % VERSIONS];
    Documents {
        policy: POLICY.replace("ACK", &format!("{}m", known.acknowledge_min)),
        roster: ROSTER
            .replace("FIRST", known.turns[0])
            .replace("SECOND", known.turns[1])
            .replace("FALLBACK", known.fallback),
    }
}

/// Versions by the id that a compiled policy gets.
static VERSION_OF: LazyLock<BTreeMap<String, usize>> = LazyLock::new(|| {
    let compiled = |version| Rules::compile_with(documents(version), &secrets()).ok();
    (0..VERSIONS).filter_map(|version| Some((compiled(version)?.policy.id.clone(), version))).collect()
});

/// The version of a compiled policy.
pub(crate) fn version_of(policy: &str) -> Option<usize> {
    VERSION_OF.get(policy).copied()
}

/// The one secret that the channels sign with: for tests only, in the form of Standard Webhooks.
pub(crate) fn secrets() -> Secrets {
    Secrets::new(|_| Ok(channel::Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")))
}
