//! JSON Schemas (draft 2020-12) of both documents, for editors: completion, and a first look.
//!
//! They know keys, types and spellings. What names refer to and whether a pair makes sense, only
//! reading the documents tells.

/// Of `policy.yaml`.
pub const POLICY: &str = include_str!("../data/policy.schema.json");

/// Of `roster.yaml`.
pub const ROSTER: &str = include_str!("../data/roster.schema.json");
