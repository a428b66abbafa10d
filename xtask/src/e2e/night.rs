//! A night on one server, over HTTP, on the test clock: from the first signal to the weekly review.
//!
//! The policy of the night promises little, so that every miss and every page in it is meant.

mod commitments;
mod leak;
mod notice;
mod proof;
mod silence;
mod stage;

use anyhow::Result;

use super::Checks;
use stage::Stage;

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let mut stage = Stage::set().await?;
    commitments::run(&mut stage, checks).await?;
    notice::run(&mut stage, checks).await?;
    proof::run(&mut stage, checks).await?;
    leak::run(&mut stage, checks).await?;
    stage.end()?;
    silence::run(checks).await
}
