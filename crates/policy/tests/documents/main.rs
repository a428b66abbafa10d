//! Documents, good and bad, through the crate's public face.

mod bad_policies;
mod bad_rosters;
mod broken;
mod checking;
mod common;
mod fuzz;
mod hostile;
mod pair;
mod schema;
