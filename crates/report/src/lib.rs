//! The matrix, playbooks, the weekly review and backtests as Markdown, CSV, JSON and HTML fragments.
//!
//! Shapes and words only: what is in a report, the lab says. Each report is one [`document`] for
//! people with two renderings, and a flat table and JSON for programs. Whatever people or senders
//! wrote is inert in all of them: escaped in Markdown and HTML, no formula in CSV.

pub mod audit;
pub mod backtest;
mod csv;
mod document;
mod html;
mod markdown;
pub mod matrix;
pub mod playbook;
pub mod review;
mod words;
mod xlsx;
