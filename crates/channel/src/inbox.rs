//! The built-in inbox: a page becomes a row that its reader sees in Watchbell itself.
//!
//! The row is written by the owner of the store, in the transaction that settles the delivery.
//! This file only says what stands in it and what that is worth.

use crate::{Outcome, Page, PageText, Receipt};

/// The row lies where the person looks, in our own store.
pub const RECEIPT: Receipt = Receipt::Delivered;

/// The row's words, and the outcome that holds once the row is committed.
pub fn deliver(page: &Page) -> (PageText, Outcome) {
    (page.render(), Outcome::Delivered { receipt: RECEIPT })
}
