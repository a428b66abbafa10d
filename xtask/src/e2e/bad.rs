//! Bad surroundings: broken documents, disks that refuse, receivers that misbehave.

mod disk;
mod documents_at_restart;
mod receivers;

use anyhow::Result;

use super::Checks;

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    documents_at_restart::run(checks).await?;
    disk::run(checks).await?;
    receivers::run(checks).await
}
