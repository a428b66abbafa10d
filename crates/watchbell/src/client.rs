//! The HTTP client of the commands that talk to a server.

use std::path::PathBuf;

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::exit::{Ended, Exit};

/// Environment variable with the token; with `_FILE` appended, one with a file's path.
const TOKEN: &str = "WATCHBELL_TOKEN";

/// A server and the token for it.
pub(crate) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl Client {
    /// A client whose token comes from the environment.
    pub(crate) fn from_env(server: &str) -> anyhow::Result<Client> {
        let token = secret(TOKEN)?.ok_or_else(|| {
            Ended::with(Exit::Authentication, format!("set {TOKEN} or {TOKEN}_FILE to a token for {server}"))
        })?;
        Client::new(server, token)
    }

    pub(crate) fn new(server: &str, token: String) -> anyhow::Result<Client> {
        // An error means that a provider is installed already: that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().context("failed to set up the HTTP client")?;
        Ok(Client { http, server: server.trim_end_matches('/').to_owned(), token })
    }

    /// The same server, with another token.
    pub(crate) fn with_token(&self, token: String) -> Client {
        Client { http: self.http.clone(), server: self.server.clone(), token }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let bytes = serde_json::to_vec(body).context("failed to encode the request")?;
        self.send(Method::POST, path, Some(bytes)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends bytes as they are.
    pub(crate) async fn post_bytes(&self, path: &str, body: Vec<u8>) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> anyhow::Result<Value> {
        let (status, value) = self.exchange(method, path, body).await?;
        if status.is_success() { Ok(value) } else { Err(refusal(status, &value)) }
    }

    /// The answer whatever its status.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.server)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let unreachable = |e: reqwest::Error| {
            Ended::with(Exit::Unreachable, format!("{} cannot be reached: {}", self.server, root(&e)))
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        let value = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        Ok((status, value))
    }
}

fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn refusal(status: StatusCode, value: &Value) -> anyhow::Error {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let exit = if status == StatusCode::UNAUTHORIZED { Exit::Authentication } else { Exit::Failure };
    let code = text("code");
    let remedy = problem::find(&code).map(|code| format!("\nhelp: {}", code.remedy)).unwrap_or_default();
    let message = if code.is_empty() {
        format!("the server answered {status}")
    } else {
        format!("{}: {} [{code}]{remedy}", text("title"), text("detail"))
    };
    Ended::with(exit, message)
}

/// A secret from the environment, or from the file that `NAME_FILE` names.
pub(crate) fn secret(name: &str) -> anyhow::Result<Option<String>> {
    if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
        return Ok(Some(value));
    }
    let Some(path) = std::env::var_os(format!("{name}_FILE")).map(PathBuf::from) else { return Ok(None) };
    let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(Some(text.trim().to_owned()))
}
