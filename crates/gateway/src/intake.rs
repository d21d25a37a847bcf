//! Escalations that come at the same time are taken in together.

use db::{
    Db, GroupCommit,
    idempotency::{Answer, Request},
};
use dispatch::{Escalation, Ticket};
use kernel::{Class, Classify as _};

use crate::{
    problem::{ApiError, ApiResult},
    state::ReadFailed,
};

/// Two groups keep both the database and this node at work.
const AT_ONCE: usize = 2;
/// Each size of a group is a statement that a connection keeps prepared.
const MOST: usize = 16;

type Asked = (Request, Escalation);

/// Takes escalations in.
pub(crate) struct Intake(GroupCommit<Asked, ApiResult<Answer>>);

impl Intake {
    /// With what to answer for a ticket.
    pub(crate) fn new(answer: impl Fn(Ticket) -> Answer + Send + Sync + 'static) -> Self {
        let group = GroupCommit::new(AT_ONCE, MOST, move |db, asked| take_in(db, asked, &answer));
        Self(group)
    }

    /// Takes a conversation in, once under its key.
    pub(crate) async fn take_in(
        &self,
        db: &Db,
        request: Request,
        escalation: Escalation,
    ) -> ApiResult<Answer> {
        self.0
            .ask(db, (request, escalation))
            .await
            .map_err(ReadFailed::from)?
    }
}

/// All in one transaction. Where that fails for the sake of one of them, each by itself.
fn take_in(
    db: &Db,
    asked: Vec<Asked>,
    answer: &impl Fn(Ticket) -> Answer,
) -> Vec<ApiResult<Answer>> {
    let together = |asked: &[Asked]| {
        db.write_blocking("escalate", |tx| workflows::escalate(tx, asked, answer))
    };
    match together(&asked) {
        Ok(answers) => {
            let answers = answers.into_iter();
            answers.map(|one| one.map_err(ApiError::from)).collect()
        }
        Err(error) if asked.len() == 1 || error.class() == Class::Busy => {
            vec![Err(ApiError::from(error)); asked.len()]
        }
        Err(_) => {
            let each = asked.into_iter();
            each.flat_map(|one| take_in(db, vec![one], answer))
                .collect()
        }
    }
}
