//! Beginning an application, as the API and the pages do it.

use actix_web::{HttpRequest, web::Data};
use identity::SessionKind;
use kernel::FieldError;
use onboarding::Invitation;
use secrecy::{ExposeSecret as _, SecretString};
use workflows::{Applicant, Applied};

use crate::{
    problem::{ApiError, ApiResult},
    sign_in::client_address,
    state::State,
};

/// What somebody sends who takes an invitation up.
pub(crate) struct Candidacy {
    /// The token in the invitation's link.
    pub(crate) invitation: SecretString,
    /// Where letters go; by default the address in the invitation.
    pub(crate) email: Option<String>,
    /// The name that customers will see.
    pub(crate) display_name: String,
    /// With what they will sign in.
    pub(crate) password: SecretString,
}

/// Where a customer takes an invitation up.
pub(crate) fn invitation_link(state: &State, invitation: &Invitation) -> String {
    let token = invitation.sign(&state.secrets.invitations());
    state
        .settings
        .public_url
        .to(&format!("/join?invitation={token}"))
}

/// Has an invitation sent, if this is the address of a customer. Nobody hears whether it is.
pub(crate) async fn request_invitation(
    state: &Data<State>,
    request: &HttpRequest,
    email: String,
) -> ApiResult<()> {
    let address = client_address(request, state.settings.trust_proxy);
    let shared = state.clone();
    let link = move |invitation: &Invitation| invitation_link(&shared, invitation);
    let write = state.db.write("request_invitation", move |tx| {
        workflows::request_invitation(tx, &email, &address, &link)
    });
    Ok(write.await?)
}

/// Opens the invitation, hashes the password outside of any transaction, begins the application.
pub(crate) async fn apply(
    state: &State,
    candidacy: Candidacy,
    kind: SessionKind,
) -> ApiResult<Applied> {
    let (token, secret) = (
        candidacy.invitation.expose_secret(),
        state.secrets.invitations(),
    );
    let invitation = Invitation::open(token, &secret, state.db.now())?;
    let email = candidacy
        .email
        .or_else(|| invitation.email.clone())
        .ok_or_else(no_email)?;
    let password = candidacy.password.expose_secret().to_owned();
    let applicant = Applicant {
        password: state.hash_password(password).await?,
        invitation,
        email,
        display_name: candidacy.display_name,
    };
    let write = state
        .db
        .write("apply", move |tx| workflows::apply(tx, &applicant, kind));
    Ok(write.await?)
}

fn no_email() -> ApiError {
    let message = "is needed, because the invitation names no address".to_owned();
    ApiError::invalid(vec![FieldError {
        field: "email".to_owned(),
        message,
    }])
}
