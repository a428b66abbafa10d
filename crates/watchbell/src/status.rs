//! `status`: the public status page as files.

use engine::View;

use crate::audit;
use crate::cli::StatusCommand;
use crate::exit::{Exit, explain};

pub(crate) fn run(command: &StatusCommand) -> anyhow::Result<Exit> {
    let StatusCommand::Export { data, output, url } = command;
    let view = View::new(audit::reader(data)?);
    let written = web::status::export(&view, url, output).map_err(|problem| explain(&problem))?;
    eprintln!("{written} files written to {}", output.display());
    Ok(Exit::Ok)
}
