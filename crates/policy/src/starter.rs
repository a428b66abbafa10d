//! The example: a complete policy for support with AI, with its roster.

/// The policy, `policy.yaml`.
pub const POLICY: &str = include_str!("../starter/policy.yaml");

/// The roster, `roster.yaml`.
pub const ROSTER: &str = include_str!("../starter/roster.yaml");
