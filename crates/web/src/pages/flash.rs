//! What was just done, said once on the page that follows: in a cookie and not in the address, which
//! people copy into chats.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::access::named_cookie;
use crate::id;

/// Its name. It holds one of our words and no secret.
const COOKIE: &str = "watchbell-done";
/// Where it is sent, and that no script reads it.
const ATTRIBUTES: &str = "Path=/incidents; HttpOnly; SameSite=Lax";
/// Seconds that it lasts where the page never comes: nobody wonders a day later.
const AGE_S: u32 = 60;

/// To the incident, where the word is said.
pub(super) fn go(no: u64, word: &str) -> Response {
    let to = Redirect::to(&format!("/incidents/{}", id::incident(no))).into_response();
    with(to, &format!("{COOKIE}={word}; Max-Age={AGE_S}; {ATTRIBUTES}"))
}

/// The word that came along.
pub(super) fn said(headers: &HeaderMap) -> Option<&str> {
    named_cookie(headers, COOKIE)
}

/// Says it no more.
pub(super) fn forget(page: Response) -> Response {
    with(page, &format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}"))
}

fn with(mut response: Response, cookie: &str) -> Response {
    // A word that is no header says nothing, which is well.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
