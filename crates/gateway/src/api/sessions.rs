//! Signing in to the API, staying signed in, and signing out.

use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::StatusCode,
    post,
    web::{self, Data},
};
use chrono::TimeDelta;
use identity::{Refresh, SessionKind, SignIn, SignedIn as Session};
use kernel::{AccountId, Role};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Json, SignedIn},
    problem::{ApiError, ApiResult, Problems},
    sign_in::{client_address, sign_in},
    state::State,
};

/// How long an access token is good for.
const ACCESS: TimeDelta = TimeDelta::minutes(15);

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(create_session)
        .service(refresh_session)
        .service(end_session)
        .service(me);
}

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInBody {
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// What to trade for new tokens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// What a program needs to call the API as somebody.
#[derive(Serialize, ToSchema)]
pub struct TokensView {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: i64,
    /// Good for one call of `/sessions/refresh`, in the next 30 days.
    refresh_token: String,
    /// Who is signed in.
    account: AccountView,
}

/// Somebody who can sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    id: AccountId,
    display_name: String,
    email: String,
    role: Role,
}

impl TokensView {
    /// The tokens of somebody who has just signed in.
    pub(crate) fn issue(state: &State, session: Session) -> ApiResult<Self> {
        let Session {
            account,
            session,
            refresh_token,
        } = session;
        let now = state.db.now();
        Ok(Self {
            access_token: state.tokens.issue(&session, &account, now, ACCESS)?,
            token_type: "Bearer",
            expires_in: ACCESS.num_seconds(),
            refresh_token: refresh_token
                .ok_or_else(|| ApiError::internal("an API session without a refresh token"))?,
            account: account.into(),
        })
    }
}

impl From<identity::Account> for AccountView {
    fn from(account: identity::Account) -> Self {
        let identity::Account {
            id,
            display_name,
            email,
            role,
            ..
        } = account;
        Self {
            id,
            display_name,
            email,
            role,
        }
    }
}

/// Sign in.
#[utoipa::path(
    tag = "Sessions",
    request_body = SignInBody,
    responses((status = 200, description = "Signed in", body = TokensView), Problems),
)]
#[post("/sessions")]
async fn create_session(
    state: Data<State>,
    request: HttpRequest,
    body: Json<SignInBody>,
) -> ApiResult<web::Json<TokensView>> {
    let Json(SignInBody { email, password }) = body;
    let address = client_address(&request, state.settings.trust_proxy);
    match sign_in(&state, email, password, address, SessionKind::Api).await? {
        SignIn::Welcome(session) => Ok(web::Json(TokensView::issue(&state, session)?)),
        SignIn::Refused => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_credentials",
            "this e-mail address and password do not belong together",
        )),
    }
}

/// Trade a refresh token for new tokens.
///
/// Each is good for one trade. Using one twice ends the session, because somebody has a copy.
#[utoipa::path(
    tag = "Sessions",
    request_body = RefreshBody,
    responses((status = 200, description = "Still signed in", body = TokensView), Problems),
)]
#[post("/sessions/refresh")]
async fn refresh_session(
    state: Data<State>,
    body: Json<RefreshBody>,
) -> ApiResult<web::Json<TokensView>> {
    let token = body.0.refresh_token;
    let refreshed = state
        .db
        .write("refresh_session", move |tx| {
            workflows::refresh_session(tx, token.expose_secret())
        })
        .await?;
    match refreshed {
        Refresh::Rotated(session) => Ok(web::Json(TokensView::issue(&state, session)?)),
        Refresh::Reused => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "refresh_token_reused",
            "this refresh token was used before; to be safe, please sign in again",
        )),
        Refresh::Unknown => Err(ApiError::not_signed_in()),
    }
}

/// Sign out.
#[utoipa::path(
    tag = "Sessions",
    security(("bearer" = [])),
    responses((status = 204, description = "Signed out, with all tokens of this session"), Problems),
)]
#[delete("/sessions/current")]
async fn end_session(caller: SignedIn) -> ApiResult<HttpResponse> {
    let session = caller.session_id;
    caller
        .acting_db()
        .write("sign_out", move |tx| workflows::sign_out(tx, session))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask who is signed in.
#[utoipa::path(
    tag = "Sessions",
    security(("bearer" = [])),
    responses((status = 200, description = "Who is signed in", body = AccountView), Problems),
)]
#[get("/me")]
async fn me(caller: SignedIn) -> web::Json<AccountView> {
    web::Json(AccountView {
        id: caller.account_id,
        display_name: caller.display_name.clone(),
        email: caller.email.clone(),
        role: caller.role,
    })
}
