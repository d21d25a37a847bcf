//! The thin actix binary gigdesk: configuration, sign-in, JSON API, pages, live updates, worker.
