//! `audit`: the journal's chain and the incidents' rows, checked against the events themselves.

use std::path::Path;

use journal::{Reader, Workspace};

use crate::cli::AuditCommand;
use crate::exit::{Exit, explain};
use crate::place::Place;

pub(crate) fn run(command: &AuditCommand) -> anyhow::Result<Exit> {
    match command {
        AuditCommand::Verify { data, json } => verify(data, *json),
        AuditCommand::List { .. } => unreachable!("it asks a server, and `main` sends it there"),
        AuditCommand::Refold { data, repair, json } => refold(data, *repair, *json),
    }
}

/// Opens a data directory or a database for reading, beside a running server if there is one.
pub(crate) fn reader(data: &Path) -> anyhow::Result<std::sync::Arc<dyn Reader>> {
    let store = Place::of(data)?.open_read_only()?;
    store.reader(Workspace::default()).map_err(|e| explain(&e.problem()))
}

fn verify(data: &Path, json: bool) -> anyhow::Result<Exit> {
    let reader = reader(data)?;
    let found = journal::verify(&*reader, Workspace::default());
    match found {
        Ok(found) if found.pruned > recorded(&*reader)? => {
            let why = "more blocks of signals were emptied than the journal's records of retention name";
            altered(found.head.position, why, json);
            Ok(Exit::Failure)
        }
        Ok(found) => {
            let hash: String = found.head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
            if json {
                let value = serde_json::json!({
                    "valid": true, "position": found.head.position.0, "hash": hash, "events": found.events,
                    "blocks": found.blocks, "signals": found.signals, "pruned_blocks": found.pruned,
                });
                println!("{value}");
            } else {
                println!(
                    "The journal is whole: {} positions, {} events, {} signals",
                    found.head.position, found.events, found.signals
                );
                if found.pruned > 0 {
                    println!("retention removed the signals of {} blocks; their digests hold", found.pruned);
                }
                println!("head {hash} at {}", found.head.recorded_at);
            }
            Ok(Exit::Ok)
        }
        Err(journal::Error::Broken { position, why }) => {
            altered(position, &why, json);
            Ok(Exit::Failure)
        }
        Err(error) => Err(explain(&error.problem())),
    }
}

fn recorded(reader: &dyn Reader) -> anyhow::Result<u64> {
    engine::retention::recorded(reader).map_err(|problem| explain(&problem))
}

fn altered(position: journal::Position, why: &str, json: bool) {
    if json {
        println!("{}", serde_json::json!({"valid": false, "position": position.0, "why": why}));
    } else {
        println!("The journal was altered: at position {position}, {why}");
    }
}

fn refold(data: &Path, repair: bool, json: bool) -> anyhow::Result<Exit> {
    let (reader, writer) = if repair {
        let store = Place::of(data)?.open()?;
        let mut writer = store.writer(Workspace::default()).map_err(|e| explain(&e.problem()))?;
        writer.clear_incidents().map_err(|e| explain(&e.problem()))?;
        (store.reader(Workspace::default()).map_err(|e| explain(&e.problem()))?, Some(writer))
    } else {
        (reader(data)?, None)
    };
    let found = engine::refold(&*reader).map_err(|problem| explain(&problem))?;
    if let Some(mut writer) = writer {
        writer.replace_incidents(&found.rows).map_err(|e| explain(&e.problem()))?;
    }
    // With `--repair` there were no rows to compare.
    let equal = repair || found.is_equal();
    if json {
        let value = serde_json::json!({
            "equal": equal, "incidents": found.rows.len(), "different": found.different,
            "missing": found.missing, "invented": found.invented, "repaired": repair,
        });
        println!("{value}");
    } else if repair {
        println!("{} incidents were folded from their events and written", found.rows.len());
    } else if equal {
        println!("{} incidents equal their events, byte for byte", found.rows.len());
    } else {
        println!("{} of {} incidents differ: {:?}", found.different.len(), found.rows.len(), found.different);
        println!("{} have no row: {:?}", found.missing.len(), found.missing);
        println!("{} have a row of which no event tells: {:?}", found.invented.len(), found.invented);
        println!("help: stop the server and run `watchbell audit refold --repair --data {}`", data.display());
    }
    Ok(if equal { Exit::Ok } else { Exit::Failure })
}
