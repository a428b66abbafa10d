//! Bodies of requests: read within a limit, and as JSON where commands are expected.
//!
//! What is too large is still read for a while and thrown away: a sender that is cut off
//! while it writes often never sees the answer that says why.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use problem::Problem;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Largest command, in bytes: the longest texts of all its fields, and room for their escapes.
pub(crate) const COMMAND_BYTES: usize = 64 * 1024;
/// Largest pair of documents, in bytes: two of the largest that are read, with their escapes.
const DOCUMENTS_BYTES: usize = 4 * policy::MAX_DOCUMENT_BYTES;
/// Bytes beyond the limit that are read and thrown away.
const DISCARD_BYTES: usize = 32 * 1024 * 1024;
/// Longest part of a parser's message that is repeated, in characters.
const DETAIL_MAX: usize = 300;

/// Reads a body of at most `limit` bytes. One that came in one piece is not copied.
pub(crate) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut all: Vec<u8> = Vec::new();
    let mut length: usize = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame =
            frame.map_err(|_| Problem::new(&problem::BODY_BROKEN_OFF, format!("{length} bytes had arrived")))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > limit.saturating_add(DISCARD_BYTES) {
            break;
        }
        if length > limit {
            all = Vec::new();
        } else if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    if length > limit {
        return Err(Problem::new(&problem::BODY_TOO_LARGE, format!("it has more than {limit} bytes, the limit here")));
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

/// A command's body: JSON by its content type, or nothing.
pub(crate) struct Posted(pub(crate) Bytes);

impl<S: Sync> FromRequest<S> for Posted {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Posted, Refusal> {
        posted(request, COMMAND_BYTES).await
    }
}

async fn posted(request: Request, limit: usize) -> Result<Posted, Refusal> {
    let is_json = is_json(request.headers());
    let bytes = read(request.into_body(), limit).await?;
    if !is_json && !bytes.is_empty() {
        let detail = "`Content-Type` is not `application/json`";
        return Err(Problem::new(&problem::CONTENT_TYPE_WRONG, detail).into());
    }
    Ok(Posted(bytes))
}

/// A command's body that holds whole documents.
pub(crate) struct PostedDocuments(pub(crate) Posted);

impl<S: Sync> FromRequest<S> for PostedDocuments {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<PostedDocuments, Refusal> {
        posted(request, DOCUMENTS_BYTES).await.map(PostedDocuments)
    }
}

impl Posted {
    /// The text of an object; an empty body stands for an empty object.
    pub(crate) fn text(&self) -> Result<&str, Problem> {
        let text = std::str::from_utf8(&self.0).map_err(|error| {
            Problem::new(&problem::BODY_NOT_UTF8, format!("the byte at offset {} is not UTF-8", error.valid_up_to()))
        })?;
        match text.trim_start().bytes().next() {
            None => Ok("{}"),
            Some(b'{') => Ok(text),
            Some(_) => Err(Problem::new(&problem::COMMAND_MALFORMED, "the body must be a JSON object")),
        }
    }

    /// The value that the body holds.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(self.text()?).map_err(|error| malformed(&error))
    }
}

/// A body that is no such command.
pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(&problem::COMMAND_MALFORMED, error.to_string().chars().take(DETAIL_MAX).collect::<String>())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_are_read_up_to_their_limit() {
        for (length, fits) in [(0, true), (9, true), (10, true), (11, false), (1_000, false)] {
            let body = Body::from(vec![b'x'; length]);
            match read(body, 10).await {
                Ok(bytes) => assert!(fits && bytes.len() == length, "{length}"),
                Err(problem) => assert!(!fits && problem.code.id == "body-too-large", "{length}"),
            }
        }
    }

    #[test]
    fn json_is_told_by_its_essence() {
        for (value, wanted) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(is_json(&headers), wanted, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
