//! `token` and `user`: who may talk to the server.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::{TokenArgs, TokenCommand, UserArgs, UserCommand};
use crate::client::Client;
use crate::exit::Exit;

pub(crate) async fn run(args: &TokenArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    match &args.command {
        TokenCommand::Create { name, scopes, person, expires_at, source, signed } => {
            let body = json!({
                "name": name, "scopes": scopes, "person": person, "expires_at": expires_at,
                "source": source, "signed": signed,
            });
            let created = client.post("/api/v1/tokens", &body).await?;
            if args.json {
                println!("{created:#}");
            } else {
                println!("{}", created["token"].as_str().unwrap_or_default());
                if let Some(secret) = created["signing_secret"].as_str() {
                    println!("{secret}");
                    eprintln!("The second line is the secret with which its sender signs.");
                }
                eprintln!("Keep it: it is not shown again.");
            }
        }
        TokenCommand::List => {
            let tokens = client.get("/api/v1/tokens").await?;
            if args.json { println!("{tokens:#}") } else { print!("{}", table(&tokens)) }
        }
        TokenCommand::Revoke { id } => {
            client.delete(&format!("/api/v1/tokens/{id}")).await?;
            eprintln!("revoked {id}");
        }
    }
    Ok(Exit::Ok)
}

pub(crate) async fn user(args: &UserArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    match &args.command {
        UserCommand::Create { person, role } => {
            let made = client.post("/api/v1/users", &json!({"person": person, "role": role})).await?;
            println!("{}", made["url"].as_str().unwrap_or_default());
            eprintln!("{person} is {role}. The link lets {person} choose a password, once, within three days.");
            if let Some(lacks) = made["lacks"].as_str() {
                eprintln!("warning: {lacks}");
            }
        }
        UserCommand::List { json } => {
            let users = client.get("/api/v1/users").await?;
            if *json {
                println!("{users:#}")
            } else {
                print!("{}", accounts(&users))
            }
            for lacks in users["lacks"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                eprintln!("warning: {lacks}");
            }
        }
        UserCommand::Remove { person } => {
            client.delete(&format!("/api/v1/users/{person}")).await?;
            eprintln!("removed the account of {person}");
        }
        UserCommand::Link { person } => {
            let link = client.post("/api/v1/sign-in-links", &json!({"person": person})).await?;
            println!("{}", link["url"].as_str().unwrap_or_default());
            eprintln!("It signs {person} in once, and expires soon.");
        }
    }
    Ok(Exit::Ok)
}

fn accounts(users: &Value) -> String {
    let mut text = String::new();
    for user in users["users"].as_array().into_iter().flatten() {
        let field = |name: &str| user[name].as_str().unwrap_or("-");
        let password = if user["has_password"] == true { "" } else { "  no password yet" };
        let _ = writeln!(text, "{}  {}{password}", field("person"), field("role"));
    }
    text
}

fn table(tokens: &Value) -> String {
    let mut text = String::new();
    for token in tokens["tokens"].as_array().into_iter().flatten() {
        let field = |name: &str| token[name].as_str().unwrap_or("-").to_owned();
        let scopes: Vec<&str> = token["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let _ = writeln!(
            text,
            "{}  {}  {}  person {}  expires {}",
            field("id"),
            field("name"),
            scopes.join(","),
            field("person"),
            field("expires_at")
        );
    }
    text
}
