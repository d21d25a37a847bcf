//! The same request twice is done once.

use db::{
    Tx,
    idempotency::{self, Answer, Outcome, Request},
};

use crate::Error;

/// Does the work of a request once, and answers every repetition with the same bytes.
///
/// `work` runs only for a request that is new; it returns the answer to keep. Where it fails,
/// nothing is kept, and the request may be sent again under the same key.
pub fn once(
    tx: &mut Tx<'_>,
    request: &Request,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Answer, Error>,
) -> Result<Answer, Error> {
    match idempotency::begin(tx, request)? {
        Outcome::Replay(answer) => Ok(answer),
        Outcome::OtherBody => Err(Error::KeyReused),
        Outcome::InFlight => Err(Error::InFlight),
        Outcome::New => {
            let answer = work(tx)?;
            idempotency::remember(tx, request, &answer)?;
            Ok(answer)
        }
    }
}
