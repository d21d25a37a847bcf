//! A table as a file of comma-separated values.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};

use super::{body, read_body, refuse};

/// The largest file.
pub const CSV_BYTES: usize = 10 << 20;

/// A body in `text/csv`, unread.
#[derive(Clone, Debug)]
pub struct Csv(pub Bytes);

impl FromRequest for Csv {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let file = match read_body(&request, &mut payload, CSV_BYTES).await {
                Ok(_) if body::media_type(&request) != "text/csv" => {
                    Err(body::unsupported("text/csv"))
                }
                read => read,
            };
            file.map(Self).map_err(|refusal| refuse(&request, refusal))
        })
    }
}
