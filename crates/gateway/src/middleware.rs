//! What happens to every request before its handler, and to every answer after it.

mod authenticate;
mod headers;
mod screen;

pub(crate) use authenticate::authenticate;
pub(crate) use headers::add_headers;
pub(crate) use screen::screen;
