//! The style sheets, the script and the icon: compiled in, named by their content.
//!
//! A name changes with its content, so that browsers may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// One file.
pub(crate) struct Asset {
    stem: &'static str,
    extension: &'static str,
    kind: &'static str,
    body: &'static str,
    hash: String,
}

/// The style sheet.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("app", "css", "text/css; charset=utf-8", include_str!("../../assets/app.css")));
/// The script.
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| asset("app", "js", "text/javascript; charset=utf-8", include_str!("../../assets/app.js")));
/// The style sheet of the public status page.
pub(crate) static STATUS_STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("status", "css", "text/css; charset=utf-8", include_str!("../../assets/status.css")));
/// The icon of the window.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("bell", "svg", "image/svg+xml", include_str!("../../assets/bell.svg")));

/// A year: the longest that browsers honour.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Digits of the content's hash in a name: enough that two versions never share one.
const HASH_BYTES: usize = 6;

fn asset(stem: &'static str, extension: &'static str, kind: &'static str, body: &'static str) -> Asset {
    let digest = Sha256::digest(body.as_bytes());
    let hash = digest.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    Asset { stem, extension, kind, body, hash }
}

impl Asset {
    fn name(&self) -> String {
        format!("{}-{}.{}", self.stem, self.hash, self.extension)
    }

    /// Its content.
    pub(crate) fn body(&self) -> &'static str {
        self.body
    }

    /// Where it is served.
    pub(crate) fn path(&self) -> String {
        format!("/assets/{}", self.name())
    }
}

/// Serves one of them.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*SCRIPT, &*STATUS_STYLE, &*ICON].into_iter().find(|asset| asset.name() == name) {
        Some(asset) => {
            ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, FOR_EVER)], asset.body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
