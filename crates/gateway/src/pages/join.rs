//! The way in: an invitation is taken up, or asked for.

mod assessment;
mod checklist;
mod steps;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Query, ServiceConfig},
};
use askama::Template;
use identity::SessionKind;
use onboarding::Invitation;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Faults, Layout, PageResult, home_of, html_with_status, see_other, sign_in::welcome};
use crate::{
    applications::{self, Candidacy},
    extract::{Form, SignedIn},
    problem::ApiResult,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(join_page)
        .service(begin)
        .service(ask)
        .configure(checklist::configure)
        .configure(steps::configure)
        .configure(assessment::configure);
}

/// Where an applicant goes on.
const CHECKLIST: &str = "/join/checklist";

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage {
    layout: Layout,
    faults: Faults,
    way: Way,
    email: String,
    display_name: String,
}

/// What somebody can do here.
enum Way {
    /// Take an invitation up.
    Apply {
        token: String,
        invited: Box<Invitation>,
    },
    /// Ask for an invitation; perhaps because theirs is no good.
    Ask { trouble: Option<&'static str> },
    /// Look into their mail.
    Asked,
}

impl Way {
    /// With this invitation, or without any.
    fn with(state: &State, token: String) -> Self {
        if token.is_empty() {
            return Self::Ask { trouble: None };
        }
        let opened = Invitation::open(&token, &state.secrets.invitations(), state.db.now());
        let trouble = match opened {
            Ok(invited) => {
                let invited = Box::new(invited);
                return Self::Apply { token, invited };
            }
            Err(onboarding::Error::InvitationExpired) => {
                "This invitation has expired. It costs nothing to ask for a new one."
            }
            Err(_) => {
                "We cannot read this invitation. Perhaps the link was cut off on its way; \
                 please open it again from the letter, or ask for a new one."
            }
        };
        let trouble = Some(trouble);
        Self::Ask { trouble }
    }

    /// The address that the invitation is bound to.
    fn email(&self) -> Option<&str> {
        match self {
            Self::Apply { invited, .. } => invited.email.as_deref(),
            _ => None,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Ask { trouble: Some(_) } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::OK,
        }
    }
}

#[derive(Deserialize)]
struct Invited {
    #[serde(default)]
    invitation: String,
}

#[derive(Deserialize)]
struct JoinForm {
    invitation: String,
    #[serde(default)]
    email: String,
    display_name: String,
    password: SecretString,
}

#[derive(Deserialize)]
struct AskForm {
    email: String,
}

#[get("/join")]
async fn join_page(
    state: Data<State>,
    layout: Layout,
    caller: Option<SignedIn>,
    query: Query<Invited>,
) -> PageResult {
    if let Some(caller) = caller {
        return Ok(see_other(home_of(caller.role)));
    }
    let way = Way::with(&state, query.into_inner().invitation);
    html_with_status(
        way.status(),
        &JoinPage {
            layout: layout.titled("Join"),
            faults: Faults::default(),
            email: way.email().unwrap_or_default().to_owned(),
            display_name: String::new(),
            way,
        },
    )
}

#[post("/join")]
async fn begin(state: Data<State>, layout: Layout, form: Form<JoinForm>) -> PageResult {
    let way = Way::with(&state, form.0.invitation.clone());
    let email = way.email().unwrap_or(form.0.email.trim()).to_owned();
    let faults = match apply(&state, &form.0).await {
        Ok(welcomed) => return Ok(welcomed),
        Err(refusal) => Faults::of(refusal)?,
    };
    let status = faults.status();
    html_with_status(
        status,
        &JoinPage {
            layout: layout.titled("Join"),
            faults,
            way,
            email,
            display_name: form.0.display_name,
        },
    )
}

/// Begins the application, and signs the applicant in.
async fn apply(state: &State, form: &JoinForm) -> ApiResult<HttpResponse> {
    let candidacy = Candidacy {
        invitation: form.invitation.clone().into(),
        email: Some(form.email.clone()).filter(|email| !email.trim().is_empty()),
        display_name: form.display_name.clone(),
        password: form.password.clone(),
    };
    let applied = applications::apply(state, candidacy, SessionKind::Page).await?;
    welcome(state, &applied.session, CHECKLIST)
}

/// The answer is the same for all addresses, so that nobody learns who is a customer.
#[post("/join/invitation")]
async fn ask(
    state: Data<State>,
    request: HttpRequest,
    layout: Layout,
    form: Form<AskForm>,
) -> PageResult {
    let email = form.0.email.trim().to_owned();
    let asked = applications::request_invitation(&state, &request, email.clone()).await;
    let (faults, way) = match asked {
        Ok(()) => (Faults::default(), Way::Asked),
        Err(refusal) => (Faults::of(refusal)?, Way::Ask { trouble: None }),
    };
    let status = match way {
        Way::Asked => StatusCode::OK,
        _ => faults.status(),
    };
    html_with_status(
        status,
        &JoinPage {
            layout: layout.titled("Join"),
            faults,
            way,
            email,
            display_name: String::new(),
        },
    )
}
