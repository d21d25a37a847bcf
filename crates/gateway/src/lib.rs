//! The thin actix binary `gigdesk`: configuration, sign-in, JSON API, pages, live updates, worker.
//!
//! No SQL and no rules live here. A handler extracts, calls one function, converts, returns.
//!
//! ```text
//! request → trace → headers → screen → authenticate → compress → handler
//!           a span   CSP,      NUL,     who is          (extractors: the role is the type of
//!           and      HSTS      length,  calling?         a parameter; then path, query, body)
//!           an id              CSRF
//! ```
//!
//! - [`extract`] is what handlers take: callers by role, JSON, forms, paths, queries.
//! - [`problem`] is what the API answers when it refuses; [`pages::PageError`] the same for pages.
//! - `metrics` says how it goes, to Prometheus and to the wallboard.
//! - [`sse`] keeps a page or a program up to date; [`feed`] tells all streams of a node what changed.

pub mod api;
pub mod app;
mod applications;
mod board;
pub mod cli;
mod command;
pub mod explained;
pub mod extract;
pub mod feed;
mod first_admin;
mod metrics;
mod middleware;
pub mod pages;
pub mod problem;
mod recent;
pub mod secrets;
pub mod settings;
mod sign_in;
pub mod sse;
pub mod state;
mod together;
mod trace;
pub mod worker;
