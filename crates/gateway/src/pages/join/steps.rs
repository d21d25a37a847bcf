//! The forms of the checklist. Each leads back to it.

use std::collections::BTreeMap;

use actix_web::{
    post,
    web::{Data, ServiceConfig},
};
use kernel::{AgentId, FieldError};
use onboarding::{Confirmation, ProfileInput, Requirement, Spoken};
use payouts::PayeeInput;
use serde::Deserialize;

use super::{
    super::{Faults, Layout, PageResult, see_other_with_notice},
    CHECKLIST,
    checklist::{PayoutText, ProfileText, Typed, show},
};
use crate::{
    extract::{Applicant, Form},
    problem::ApiError,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(send_code)
        .service(confirm_email)
        .service(save_profile)
        .service(accept_agreement)
        .service(save_payout_details)
        .service(submit);
}

/// Back to the checklist with what was done; or the form again, with what is wrong with it.
async fn answer<E: Into<ApiError>>(
    state: &State,
    layout: Layout,
    agent: AgentId,
    outcome: Result<&str, E>,
    typed: Typed,
) -> PageResult {
    match outcome {
        Ok(notice) => Ok(see_other_with_notice(CHECKLIST, notice)),
        Err(refusal) => {
            let faults = Faults::of(refusal)?;
            show(state, layout, agent, Typed { faults, ..typed }).await
        }
    }
}

/// A page on which nothing but this step was sent.
fn at(step: Requirement) -> Typed {
    Typed {
        step: Some(step),
        ..Typed::default()
    }
}

#[post("/join/checklist/email-code")]
async fn send_code(applicant: Applicant, state: Data<State>, layout: Layout) -> PageResult {
    let (id, db) = (applicant.agent_id, applicant.acting_db());
    let write = db.write("request_email_code", move |tx| {
        workflows::request_email_code(tx, id)
    });
    let notice = "A new code is on its way. The one before no longer counts.";
    let outcome = write.await.map(|()| notice);
    answer(&state, layout, id, outcome, at(Requirement::Email)).await
}

#[derive(Deserialize)]
struct CodeForm {
    code: String,
}

#[post("/join/checklist/email")]
async fn confirm_email(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    form: Form<CodeForm>,
) -> PageResult {
    let (id, code, db) = (applicant.agent_id, form.0.code, applicant.acting_db());
    let tried = code.clone();
    let write = db.write("confirm_email", move |tx| {
        workflows::confirm_email(tx, id, &tried)
    });
    let outcome = match write.await {
        Ok(Confirmation::Confirmed) => Ok("Your e-mail address is confirmed."),
        Ok(Confirmation::Wrong { tries_left }) => Err(wrong_code(tries_left)),
        Err(refusal) => Err(refusal.into()),
    };
    let typed = Typed {
        code,
        ..at(Requirement::Email)
    };
    answer(&state, layout, id, outcome, typed).await
}

fn wrong_code(tries_left: i32) -> ApiError {
    let message = match tries_left {
        0 => "that is not the code, and it was the last try; please ask for a new code".to_owned(),
        1 => "that is not the code; one try is left".to_owned(),
        more => format!("that is not the code; {more} tries are left"),
    };
    ApiError::invalid(vec![FieldError {
        field: "code".to_owned(),
        message,
    }])
}

/// The form as it came: a checkbox for each language, and beside it `level_en` and the like. A
/// level that is not sent, or is none, stands for fluent.
fn profile_of(pairs: Vec<(String, String)>) -> ProfileText {
    let levels: BTreeMap<String, i32> = pairs
        .iter()
        .filter_map(|(name, value)| {
            let code = name.strip_prefix("level_")?;
            Some((code.to_owned(), value.parse().ok()?))
        })
        .collect();
    let mut profile = ProfileText {
        display_name: String::new(),
        time_zone: String::new(),
        languages: Vec::new(),
    };
    for (name, value) in pairs {
        match name.as_str() {
            "display_name" => profile.display_name = value,
            "time_zone" => value.trim().clone_into(&mut profile.time_zone),
            "languages" => profile.languages.push(Spoken {
                level: levels.get(&value).copied().unwrap_or(Spoken::FLUENT),
                code: value,
            }),
            _ => {}
        }
    }
    profile
}

#[post("/join/checklist/profile")]
async fn save_profile(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    form: Form<Vec<(String, String)>>,
) -> PageResult {
    let (id, profile) = (applicant.agent_id, profile_of(form.0));
    let input = ProfileInput {
        display_name: profile.display_name.clone(),
        time_zone: profile.time_zone.clone(),
        languages: profile.languages.clone(),
    };
    let db = applicant.acting_db();
    let write = db.write("save_profile", move |tx| {
        workflows::save_profile(tx, id, &input)
    });
    let outcome = write.await.map(|_| "Your profile is saved.");
    let typed = Typed {
        profile: Some(profile),
        ..at(Requirement::Profile)
    };
    answer(&state, layout, id, outcome, typed).await
}

#[derive(Deserialize)]
struct AgreementForm {
    version: i32,
    sha256: String,
}

#[post("/join/checklist/agreement")]
async fn accept_agreement(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    form: Form<AgreementForm>,
) -> PageResult {
    let (id, AgreementForm { version, sha256 }) = (applicant.agent_id, form.0);
    let db = applicant.acting_db();
    let write = db.write("accept_agreement", move |tx| {
        workflows::accept_agreement(tx, id, version, &sha256)
    });
    let outcome = write.await.map(|()| "You have accepted the agreement.");
    answer(&state, layout, id, outcome, at(Requirement::Agreement)).await
}

#[derive(Deserialize)]
struct PayoutForm {
    name: String,
    street: String,
    building: String,
    postcode: String,
    city: String,
    country: String,
    iban: String,
}

impl PayoutForm {
    fn text(&self) -> PayoutText {
        PayoutText {
            name: self.name.clone(),
            street: self.street.clone(),
            building: self.building.clone(),
            postcode: self.postcode.clone(),
            city: self.city.clone(),
            country: self.country.clone(),
            iban: self.iban.clone(),
        }
    }

    fn into_input(self) -> PayeeInput {
        PayeeInput {
            name: self.name,
            street: self.street,
            building: Some(self.building),
            postcode: self.postcode,
            city: self.city,
            country: self.country,
            iban: self.iban,
        }
    }
}

#[post("/join/checklist/payout")]
async fn save_payout_details(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    form: Form<PayoutForm>,
) -> PageResult {
    let (id, text, input) = (applicant.agent_id, form.0.text(), form.0.into_input());
    let (db, shared) = (applicant.acting_db(), state.clone());
    let write = db.write("save_payout_details", move |tx| {
        workflows::save_payout_details(tx, &shared.vault, id, &input)
    });
    let outcome = write.await.map(|_| "Your payout details are saved.");
    let typed = Typed {
        payout: Some(text),
        ..at(Requirement::PayoutDetails)
    };
    answer(&state, layout, id, outcome, typed).await
}

#[post("/join/checklist/submission")]
async fn submit(applicant: Applicant, state: Data<State>, layout: Layout) -> PageResult {
    let (id, db) = (applicant.agent_id, applicant.acting_db());
    let write = db.write("submit_application", move |tx| {
        workflows::submit_application(tx, id)
    });
    let outcome = write.await.map(|_| "Your application is handed in.");
    answer(&state, layout, id, outcome, Typed::default()).await
}
