//! The terms on which agents work.

use actix_web::{
    get, post,
    web::{Data, ServiceConfig},
};
use askama::Template;
use onboarding::Agreement;
use serde::Deserialize;

use super::{Tab, tabs};
use crate::{
    extract::{Admin, Form},
    pages::{Faults, Layout, PageResult, fields::form_page, see_other_with_notice},
    state::State,
};

/// Where the agreement is.
const PATH: &str = "/admin/agreement";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(agreement_page).service(publish);
}

#[derive(Template)]
#[template(path = "admin/agreement.html")]
struct AgreementPage {
    layout: Layout,
    tabs: Vec<Tab>,
    current: Option<Agreement>,
    faults: Faults,
    form: AgreementForm,
}

#[derive(Clone, Default, Deserialize)]
struct AgreementForm {
    title: String,
    body: String,
}

#[get("/admin/agreement")]
async fn agreement_page(_caller: Admin, state: Data<State>, layout: Layout) -> PageResult {
    show(&state, layout, None).await
}

async fn show(state: &State, layout: Layout, sent: Option<(Faults, AgreementForm)>) -> PageResult {
    let current = state.read(onboarding::current_agreement).await?;
    // A new version is mostly the old one with a few words changed.
    let (faults, form) = sent.unwrap_or_else(|| {
        let form = current.as_ref().map(|agreement| AgreementForm {
            title: agreement.title.clone(),
            body: agreement.body.clone(),
        });
        (Faults::default(), form.unwrap_or_default())
    });
    let page = AgreementPage {
        layout: layout.titled("Agreement"),
        tabs: tabs(PATH),
        current,
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

#[post("/admin/agreement")]
async fn publish(
    caller: Admin,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<AgreementForm>,
) -> PageResult {
    let (AgreementForm { title, body }, db) = (form.clone(), caller.acting_db());
    // Browsers send line breaks as two characters; the text that is signed has one.
    let body = body.replace("\r\n", "\n");
    let write = db.write("publish_agreement", move |tx| {
        workflows::publish_agreement(tx, &title, &body)
    });
    match write.await {
        Ok(agreement) => {
            let notice = format!(
                "Version {} is the agreement from now on.",
                agreement.version
            );
            Ok(see_other_with_notice(PATH, &notice))
        }
        Err(error) => show(&state, layout, Some((Faults::of(error)?, form))).await,
    }
}
