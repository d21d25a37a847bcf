//! Tests over HTTP, each with a database and a server of its own.

mod callers;
mod csrf;
mod pages;
mod problems;
mod sessions;
mod streams;
mod support;
