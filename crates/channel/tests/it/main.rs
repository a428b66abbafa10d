//! The channels against real servers on free ports of the loopback interface.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

mod email;
mod mail_server;
mod receiver;
mod slack;
mod webhook;
