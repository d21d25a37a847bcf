//! Whether the platform's promises hold.

use actix_web::{
    get,
    web::{Data, Query, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use db::verify::{self, Broken};
use serde::Deserialize;

use super::{Tab, tabs};
use crate::{
    extract::Admin,
    pages::{Layout, PageResult, html},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(promises_page);
}

#[derive(Template)]
#[template(path = "admin/promises.html")]
struct PromisesPage {
    layout: Layout,
    tabs: Vec<Tab>,
    promises: Vec<&'static str>,
    /// What a check found; none before there was one.
    check: Option<Check>,
}

struct Check {
    at: DateTime<Utc>,
    broken: Vec<Broken>,
}

impl PromisesPage {
    fn broken(&self, promise: &str) -> Option<&Broken> {
        let found = self.check.iter().flat_map(|check| &check.broken);
        found.into_iter().find(|broken| broken.promise == promise)
    }
}

/// A check reads all tables, so it is made when somebody asks for it.
#[derive(Deserialize)]
struct CheckQuery {
    #[serde(default)]
    check: String,
}

#[get("/admin/promises")]
async fn promises_page(
    _caller: Admin,
    query: Query<CheckQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let check = match query.check.as_str() {
        "now" => Some(Check {
            at: state.db.now(),
            broken: state.read(verify::broken).await?,
        }),
        _ => None,
    };
    html(&PromisesPage {
        layout: layout.titled("Promises"),
        tabs: tabs("/admin/promises"),
        promises: verify::promises()
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        check,
    })
}
