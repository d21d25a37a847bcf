//! Tests over HTTP, each with a database and a server of its own.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod admin;
mod applications;
mod architecture;
mod bad_input;
mod board;
mod browser;
mod callers;
mod control;
mod csrf;
mod eligibility;
mod feed;
mod finance;
mod hot_paths;
mod journey;
mod metrics;
mod openapi_auth;
mod operations;
mod pages;
mod pages_agent;
mod pages_staff;
mod problems;
mod processes;
mod races;
mod rounds;
mod routing;
mod sessions;
mod shift_ends;
mod streams;
mod support;
mod together;
mod what_if;
