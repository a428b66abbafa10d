//! Whether a browser sends a request from one of our own pages.
//!
//! Browsers send cookies with requests that strangers' pages make; what they say about the
//! origin cannot be forged by a page.

use axum::http::{HeaderMap, header};

/// What the request says about its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From one of our pages.
    Own,
    /// From somebody else's page.
    Foreign,
    /// Nothing: it is no browser, or a very old one.
    Unsaid,
}

impl Origin {
    /// Reads `Sec-Fetch-Site`, else compares `Origin` with our URL and with the host that was asked.
    pub(crate) fn of(headers: &HeaderMap, public_url: &str) -> Origin {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let site = text(header::HeaderName::from_static("sec-fetch-site"));
        if site == Some("same-origin") {
            return Origin::Own;
        }
        let Some(origin) = text(header::ORIGIN) else {
            return if site.is_some() || headers.contains_key(header::ORIGIN) {
                Origin::Foreign
            } else {
                Origin::Unsaid
            };
        };
        let ours = authority(public_url).is_some_and(|_| origin.eq_ignore_ascii_case(root(public_url)));
        let asked =
            text(header::HOST).is_some_and(|host| authority(origin).is_some_and(|a| a.eq_ignore_ascii_case(host)));
        if ours || asked { Origin::Own } else { Origin::Foreign }
    }
}

/// Scheme and authority of a URL.
fn root(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
    &url[..end]
}

fn authority(url: &str) -> Option<&str> {
    root(url).split_once("://").map(|(_, authority)| authority)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn strangers_are_told_from_our_own_pages() {
        let ours = "https://watchbell.example/base";
        for (site, origin, host, wanted) in [
            ("", "", "watchbell.example", Origin::Unsaid),
            ("same-origin", "", "", Origin::Own),
            ("same-origin", "null", "", Origin::Own),
            ("same-site", "", "watchbell.example", Origin::Foreign),
            ("cross-site", "", "watchbell.example", Origin::Foreign),
            ("none", "", "watchbell.example", Origin::Foreign),
            ("", "https://watchbell.example", "10.0.0.7:8080", Origin::Own),
            ("", "HTTPS://Watchbell.example", "10.0.0.7:8080", Origin::Own),
            ("", "http://watchbell.example", "10.0.0.7:8080", Origin::Foreign),
            ("", "http://localhost:8080", "localhost:8080", Origin::Own),
            ("", "http://localhost:9090", "localhost:8080", Origin::Foreign),
            ("", "https://watchbell.example.evil.test", "watchbell.example", Origin::Foreign),
            ("", "null", "watchbell.example", Origin::Foreign),
            ("", "null", "null", Origin::Foreign),
            ("", "https://evil.test/watchbell.example", "watchbell.example", Origin::Foreign),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin), ("host", host)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            assert_eq!(Origin::of(&headers, ours), wanted, "{site} {origin} {host}");
        }
    }
}
