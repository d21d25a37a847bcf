//! Finds out who is calling, once, so that handlers need only name the role they expect.

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{extract::Credentials, pages::ASSETS, state::State};

/// Checks the credentials, where there are any, and leaves the verdict with the request.
pub(crate) async fn authenticate<B: MessageBody>(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !request.path().starts_with(ASSETS) {
        let credentials = Credentials::of(request.request(), &state).await;
        request.extensions_mut().insert(credentials);
    }
    next.call(request).await
}
