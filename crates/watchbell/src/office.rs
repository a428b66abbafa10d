//! `audit list` and `hold`: what concerns no incident, asked of a server.

use reqwest::Url;
use serde_json::json;

use crate::cli::{AuditCommand, HoldArgs};
use crate::client::Client;
use crate::exit::{Ended, Exit};

/// Acts of administration, newest first.
pub(crate) async fn list(command: &AuditCommand) -> anyhow::Result<Exit> {
    let AuditCommand::List { actor, what, limit, json, server } = command else {
        return Err(Ended::with(Exit::Usage, "only `audit list` asks a server"));
    };
    let client = Client::from_env(&server.server)?;
    // The base only carries the parameters, which it writes as a URL wants them.
    let mut url = Url::parse("http://server/api/v1/audit")?;
    url.query_pairs_mut().append_pair("limit", &limit.to_string());
    for (name, value) in [("actor", actor), ("what", what)] {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let answer = client.get(&path).await?;
    if *json {
        println!("{answer:#}");
        return Ok(Exit::Ok);
    }
    for act in answer["acts"].as_array().into_iter().flatten() {
        let field = |name: &str| act[name].as_str().unwrap_or_default();
        println!("{}  {}  {}  {}  {}", field("at"), field("by"), field("what"), field("about"), field("note"));
    }
    println!("head {} at {}", answer["hash"].as_str().unwrap_or_default(), answer["position"]);
    Ok(Exit::Ok)
}

pub(crate) async fn hold(args: &HoldArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let Some(length) = args.length else {
        client.delete("/api/v1/hold").await?;
        eprintln!("Messages go out again; what was held and is still needed is sent now.");
        return Ok(Exit::Ok);
    };
    let body = json!({ "seconds": length.as_secs(), "reason": args.reason });
    let answer = client.post("/api/v1/hold", &body).await?;
    let until = answer["hold"]["until"].as_str().unwrap_or_default();
    eprintln!("All outgoing messages but those of severity 1 are held until {until}. Clocks go on.");
    Ok(Exit::Ok)
}
