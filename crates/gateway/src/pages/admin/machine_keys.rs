//! The keys with which the company's systems call the API.

use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use askama::Template;
use identity::{MachineKey, MachineKeyStatus};
use kernel::{MachineKeyId, Page, PageRequest};
use serde::Deserialize;

use super::{Tab, tabs};
use crate::{
    extract::{Admin, Form},
    pages::{Faults, Layout, PageResult, fields::form_page, see_other_with_notice},
    state::State,
};

/// Where the keys are.
const PATH: &str = "/admin/machine-keys";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(keys_page).service(create).service(revoke);
}

#[derive(Template)]
#[template(path = "admin/machine_keys.html")]
struct KeysPage {
    layout: Layout,
    tabs: Vec<Tab>,
    keys: Page<MachineKey>,
    /// The key that was just made, and its secret.
    made: Option<(MachineKey, String)>,
    faults: Faults,
    name: String,
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<MachineKeyId>,
}

#[derive(Deserialize)]
struct KeyForm {
    name: String,
}

#[get("/admin/machine-keys")]
async fn keys_page(
    _caller: Admin,
    query: Query<ListQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let page = KeysPage::read(&state, layout, query.after).await?;
    form_page(&page.faults, &page)
}

impl KeysPage {
    async fn read(
        state: &State,
        layout: Layout,
        after: Option<MachineKeyId>,
    ) -> Result<Self, crate::state::ReadFailed> {
        let page = PageRequest::new(after, None);
        let keys = state
            .read(move |conn| identity::machine_keys(conn, &page))
            .await?;
        Ok(Self {
            layout: layout.titled("Machine keys"),
            tabs: tabs(PATH),
            keys,
            made: None,
            faults: Faults::default(),
            name: String::new(),
        })
    }
}

/// The secret is in this answer and nowhere else, so the answer is the page itself.
#[post("/admin/machine-keys")]
async fn create(
    caller: Admin,
    state: Data<State>,
    layout: Layout,
    form: Form<KeyForm>,
) -> PageResult {
    let (name, by, db) = (form.0.name, caller.account_id, caller.acting_db());
    let wanted = name.clone();
    let write = db.write("create_machine_key", move |tx| {
        workflows::create_machine_key(tx, &wanted, by)
    });
    let outcome = write.await;
    let mut page = KeysPage::read(&state, layout, None).await?;
    match outcome {
        Ok(made) => page.made = Some(made),
        Err(error) => (page.faults, page.name) = (Faults::of(error)?, name),
    }
    form_page(&page.faults, &page)
}

#[post("/admin/machine-keys/{id}/revoke")]
async fn revoke(caller: Admin, state: Data<State>, id: Path<MachineKeyId>) -> PageResult {
    let (id, db) = (id.into_inner(), caller.acting_db());
    db.write("revoke_machine_key", move |tx| {
        workflows::revoke_machine_key(tx, id)
    })
    .await?;
    state.machines.forget();
    Ok(see_other_with_notice(
        PATH,
        "The key is revoked; it opens nothing any more.",
    ))
}
