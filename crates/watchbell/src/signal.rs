//! `signal send`.

use std::io::Read;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::cli::{SignalArgs, SignalCommand};
use crate::client::Client;
use crate::exit::Exit;

pub(crate) async fn run(args: &SignalArgs) -> anyhow::Result<Exit> {
    let SignalCommand::Send { file, source, metric, service, value, label, conversation, server, json } = &args.command;
    let body = match file {
        Some(path) => read(path)?,
        None => {
            let mut signal = Map::new();
            signal.insert("source".to_owned(), json!(source.as_deref().unwrap_or("cli")));
            signal.insert("metric".to_owned(), json!(metric));
            signal.insert("service".to_owned(), json!(service));
            if let Some(value) = value {
                signal.insert("value".to_owned(), json!(value));
            }
            if let Some(label) = label {
                signal.insert("label".to_owned(), json!(label));
            }
            if let Some(id) = conversation {
                signal.insert("unit".to_owned(), json!({"kind": "conversation", "id": id}));
            }
            serde_json::to_vec(&Value::Object(signal)).context("failed to encode the signal")?
        }
    };
    let answer = Client::from_env(&server.server)?.post_bytes("/v1/signals", body).await?;
    let rejected = answer["rejected"].as_array().map_or(0, Vec::len);
    if *json {
        println!("{answer:#}");
    } else {
        let incidents: Vec<&str> =
            answer["incidents"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        println!("accepted {}, duplicates {}, rejected {rejected}", answer["accepted"], answer["duplicates"]);
        if !incidents.is_empty() {
            println!("{}", incidents.join(" "));
        }
        for refusal in answer["rejected"].as_array().into_iter().flatten() {
            eprintln!("signal {}: {} [{}]", refusal["index"], text(&refusal["message"]), text(&refusal["code"]));
        }
    }
    Ok(if rejected == 0 { Exit::Ok } else { Exit::Failure })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A file's bytes; `-` is standard input.
pub(crate) fn read(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("failed to read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("failed to read {}", path.display()))
}
