//! `erase`: takes away what customers said, after a look at what that is.

use std::io::{IsTerminal, Write};

use serde_json::{Value, json};

use crate::cli::EraseArgs;
use crate::client::Client;
use crate::exit::{Ended, Exit};

const PATH: &str = "/api/v1/erasures";

pub(crate) async fn run(args: &EraseArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let mut wish = json!({"reason": args.reason, "preview": true});
    if let Some(signal) = &args.what.signal {
        wish["signal"] = json!(signal);
    } else if let Some(incident) = &args.what.incident {
        wish["incident"] = json!(incident);
    } else if let Some(unit) = &args.what.unit {
        let (kind, id) = unit
            .split_once(':')
            .ok_or_else(|| Ended::with(Exit::Usage, format!("`{unit}` is no unit, such as conversation:c-17")))?;
        wish["unit"] = json!({"kind": kind, "id": id});
    }
    let found = client.post(PATH, &wish).await?;
    if found["signals"] == 0 {
        eprintln!("Nothing was erased: of no stored signal of it are words, labels or the sender's id left.");
        eprintln!(
            "It was erased before, retention took it, or it never came; `GET /api/v1/signals` shows what is stored."
        );
        return Ok(Exit::Ok);
    }
    if !args.yes {
        tell(&found);
        if !agreed()? {
            eprintln!("Nothing was erased.");
            return Ok(Exit::Interrupted);
        }
    }
    wish["preview"] = json!(false);
    let erased = client.post(PATH, &wish).await?;
    if args.json {
        println!("{erased:#}");
    } else {
        println!("erased words, labels and the sender's ids in {} signals", erased["signals"]);
    }
    Ok(Exit::Ok)
}

fn tell(found: &Value) {
    let list = |name: &str| -> String {
        let items: Vec<&str> = found[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        items.join(" ")
    };
    eprintln!(
        "Summary, link, unit id, labels and the sender's id of {} signals will be gone for good: {}",
        found["signals"],
        list("ids")
    );
    eprintln!("The timelines of these incidents will say so: {}", list("incidents"));
    eprintln!("Backups made before hold them still.");
}

/// Asks on a terminal; without one, `--yes` must have been given.
fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let message = "nobody can be asked here\nhelp: look at it, then repeat the command with --yes";
        return Err(Ended::with(Exit::Usage, message));
    }
    eprint!("Type `erase` to go on: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == "erase")
}
