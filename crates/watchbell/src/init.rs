//! `init`: the starter pair and a configuration, written once and never over existing work.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::Context as _;

use crate::cli::InitArgs;
use crate::exit::{Ended, Exit};

const CONFIGURATION: &str = "\
# How Watchbell runs. Flags and WATCHBELL_… variables go before this file.
listen = \"127.0.0.1:8420\"
data = \"watchbell-data\"
policy = \"policy.yaml\"
roster = \"roster.yaml\"
# How people reach it, for links in pages. Needed behind a proxy.
# public_url = \"https://watchbell.example.com\"
";

pub(crate) fn run(args: &InitArgs) -> anyhow::Result<()> {
    let organization = if args.no_input { None } else { Some(ask_organization()?) };
    let policy = match organization.filter(|name| !name.is_empty()) {
        Some(name) => {
            let quoted = serde_json::to_string(&name).context("failed to quote the name")?;
            policy::starter::POLICY.replacen("organization: Our team", &format!("organization: {quoted}"), 1)
        }
        None => policy::starter::POLICY.to_owned(),
    };
    let files =
        [("policy.yaml", policy.as_str()), ("roster.yaml", policy::starter::ROSTER), ("watchbell.toml", CONFIGURATION)];
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("failed to create the folder {}", args.folder.display()))?;
    if !args.force {
        let existing = files.iter().map(|(name, _)| args.folder.join(name)).find(|path| path.exists());
        if let Some(path) = existing {
            let message = format!("{} exists; nothing was written. Use --force to replace it", path.display());
            return Err(Ended::with(Exit::Failure, message));
        }
    }
    for (name, text) in files {
        write(&args.folder.join(name), text)?;
    }
    eprintln!("Next: put your own people into roster.yaml, then");
    // The paths of `watchbell.toml` count from where the server is started.
    eprintln!("  cd {}\n  watchbell check\n  watchbell serve", args.folder.display());
    Ok(())
}

fn ask_organization() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = "standard input is not a terminal; use --no-input to take the defaults";
        return Err(Ended::with(Exit::Usage, message));
    }
    eprint!("Who promises? Name of your team or organization [Our team]: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
