//! The same request twice is done once.

use db::{
    Tx,
    idempotency::{self, Answer, Outcome, Request},
};

use crate::Error;

/// Does the work of requests once, and answers every repetition with the same bytes. Answers are in
/// the order of the requests.
///
/// `work` gets those that are new, and says for each what to answer, or why it was refused: a
/// refusal is not kept, and the request may be sent again under the same key. Where the whole fails,
/// nothing is kept.
pub(crate) fn once<W: Clone>(
    tx: &mut Tx<'_>,
    requests: &[(Request, W)],
    work: impl FnOnce(&mut Tx<'_>, Vec<W>) -> Result<Vec<Result<Answer, Error>>, Error>,
) -> Result<Vec<Result<Answer, Error>>, Error> {
    let named: Vec<_> = requests.iter().map(|(request, _)| request).collect();
    let outcomes = idempotency::begin(tx, &named)?;
    let is_new = |outcome: &Outcome| matches!(outcome, Outcome::New);
    let new = requests.iter().zip(&outcomes);
    let new = new.filter(|(_, outcome)| is_new(outcome));
    let todo: Vec<W> = new.clone().map(|((_, work), _)| work.clone()).collect();
    let done = if todo.is_empty() {
        Vec::new()
    } else {
        work(tx, todo)?
    };
    let answered = new.zip(&done);
    let answered =
        answered.filter_map(|(((request, _), _), done)| Some((request, done.as_ref().ok()?)));
    idempotency::remember(tx, &answered.collect::<Vec<_>>())?;
    let mut done = done.into_iter();
    let answer = |outcome| match outcome {
        Outcome::Replay(answer) => Ok(answer),
        Outcome::OtherBody => Err(Error::KeyReused),
        Outcome::InFlight => Err(Error::InFlight),
        Outcome::New => done.next().unwrap_or(Err(Error::InFlight)),
    };
    Ok(outcomes.into_iter().map(answer).collect())
}
