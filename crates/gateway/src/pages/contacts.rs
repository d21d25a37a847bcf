//! People whom an agent knows among the customers, and does not help for that reason.

use actix_web::{
    get, post,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use kernel::AgentId;
use onboarding::CONFLICT_LIMIT;
use serde::Deserialize;

use super::{Faults, Layout, PageResult, fields::form_page, see_other_with_notice, wording::Clock};
use crate::{
    extract::{Agent, Form},
    state::State,
};

/// Where they are.
const PATH: &str = "/contacts";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(contacts_page)
        .service(declare)
        .service(withdraw);
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    layout: Layout,
    contacts: Vec<Contact>,
    faults: Faults,
    form: ContactForm,
}

/// A customer whom the agent knows.
struct Contact {
    id: i64,
    customer_ref: String,
    reason: String,
    since: String,
}

#[derive(Clone, Default, Deserialize)]
struct ContactForm {
    customer_ref: String,
    reason: String,
}

async fn show(
    state: &State,
    layout: Layout,
    id: AgentId,
    (faults, form): (Faults, ContactForm),
) -> PageResult {
    let contacts = state.read(move |conn| {
        let agent = onboarding::agent(conn, id)?;
        let clock = Clock::of(agent.and_then(|agent| agent.time_zone).as_deref());
        let contact = |conflict: onboarding::Conflict| Contact {
            id: conflict.id,
            customer_ref: conflict.customer_ref,
            reason: conflict.reason,
            since: clock.full_day(conflict.declared_at),
        };
        let conflicts = onboarding::conflicts(conn, id)?;
        Ok(conflicts.into_iter().map(contact).collect())
    });
    let page = ContactsPage {
        layout: layout.titled("People you know"),
        contacts: contacts.await?,
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

#[get("/contacts")]
async fn contacts_page(agent: Agent, state: Data<State>, layout: Layout) -> PageResult {
    let nothing = (Faults::default(), ContactForm::default());
    show(&state, layout, agent.agent_id, nothing).await
}

#[post("/contacts")]
async fn declare(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<ContactForm>,
) -> PageResult {
    let (id, db) = (agent.agent_id, agent.acting_db());
    let sent = form.clone();
    let write = db.write("declare_conflict", move |tx| {
        workflows::declare_conflict(tx, id, &sent.customer_ref, &sent.reason)
    });
    match write.await {
        Ok(_) => {
            let notice = "Noted. No conversation of theirs comes to you.";
            Ok(see_other_with_notice(PATH, notice))
        }
        Err(error) => show(&state, layout, id, (Faults::of(error)?, form)).await,
    }
}

#[post("/contacts/{contact}/withdraw")]
async fn withdraw(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    contact: Path<i64>,
) -> PageResult {
    let (id, contact, db) = (agent.agent_id, contact.into_inner(), agent.acting_db());
    let write = db.write("withdraw_conflict", move |tx| {
        workflows::withdraw_conflict(tx, id, contact)
    });
    match write.await {
        Ok(()) => {
            let notice = "Withdrawn. Their conversations can come to you again.";
            Ok(see_other_with_notice(PATH, notice))
        }
        Err(error) => {
            let sent = (Faults::of(error)?, ContactForm::default());
            show(&state, layout, id, sent).await
        }
    }
}
