//! Just enough HTTP/1.1 over kept-alive connections to drive and to observe servers.
//!
//! Own code, because the load generator must cost little and the receivers must be able to
//! misbehave on purpose. No TLS, no redirects, no compression.

mod client;
mod message;
mod server;

pub(crate) use client::{Api, Connection, request};
pub(crate) use message::Message;
pub(crate) use server::{Answer, Server};
