//! The terms on which agents work.

use actix_web::{
    get, post,
    web::{Data, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use kernel::Checks;
use onboarding::Agreement;
use serde::Deserialize;

use super::{Tab, tabs};
use crate::{
    extract::{Admin, Form},
    pages::{
        Faults, Layout, PageResult,
        fields::{form_page, instant},
        see_other_with_notice,
    },
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
    now: DateTime<Utc>,
    faults: Faults,
    form: AgreementForm,
}

#[derive(Clone, Default, Deserialize)]
struct AgreementForm {
    title: String,
    body: String,
    /// In UTC; empty for at once.
    #[serde(default)]
    effective_at: String,
}

impl AgreementForm {
    fn effective_at(&self) -> Result<Option<DateTime<Utc>>, onboarding::Error> {
        let mut checks = Checks::new();
        let at = instant(&mut checks, "effective_at", &self.effective_at);
        checks.done()?;
        Ok(at)
    }
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
            effective_at: String::new(),
        });
        (Faults::default(), form.unwrap_or_default())
    });
    let page = AgreementPage {
        layout: layout.titled("Agreement"),
        tabs: tabs(PATH),
        current,
        now: state.db.now(),
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
    let effective_at = match form.effective_at() {
        Ok(effective_at) => effective_at,
        Err(error) => return show(&state, layout, Some((Faults::of(error)?, form))).await,
    };
    let (AgreementForm { title, body, .. }, db) = (form.clone(), caller.acting_db());
    // Browsers send line breaks as two characters; the text that is signed has one.
    let body = body.replace("\r\n", "\n");
    let write = db.write("publish_agreement", move |tx| {
        workflows::publish_agreement(tx, &title, &body, effective_at)
    });
    match write.await {
        Ok(agreement) => {
            let from = if agreement.effective_at > agreement.published_at {
                agreement
                    .effective_at
                    .format("%-d %b %Y, %H:%M UTC")
                    .to_string()
            } else {
                "now".to_owned()
            };
            let notice = format!(
                "Version {} is the agreement from {from} on.",
                agreement.version
            );
            Ok(see_other_with_notice(PATH, &notice))
        }
        Err(error) => show(&state, layout, Some((Faults::of(error)?, form))).await,
    }
}
