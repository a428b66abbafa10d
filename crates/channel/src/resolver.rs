//! Name resolution that refuses hosts leading inside.
//!
//! The connection is made to the very addresses that were checked, so that a name which
//! changes its answer between check and use gains nothing. Addresses written into a URL never
//! come here; [`crate::webhook`] checks them itself.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address;

/// The system's resolver behind the guard.
pub(crate) struct Guarded;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            // Port 0 tells the connector to put in the one of the URL.
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            address::check_all(host, addresses.iter().map(SocketAddr::ip))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
