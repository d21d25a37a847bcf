//! Ratings: what the customer thought of one engagement.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{Checks, EngagementId, TicketId};

use crate::{engagement::EngagementStatus, error::Error, mask::mask, schema::ratings, store};

/// The customer's rating (CSAT) of one engagement, and so of its agent.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(primary_key(engagement_id), check_for_backend(diesel::pg::Pg))]
pub struct Rating {
    /// What is rated.
    pub engagement_id: EngagementId,
    /// 1 to 5, 5 best.
    pub score: i32,
    /// In the customer's words, masked.
    pub comment: Option<String>,
    /// When.
    pub rated_at: DateTime<Utc>,
}

/// The customer rates the engagement that resolved the ticket, once.
pub fn rate(
    tx: &mut Tx<'_>,
    ticket: TicketId,
    score: i32,
    comment: Option<&str>,
) -> Result<Rating, Error> {
    let mut checks = Checks::new();
    checks
        .check("score", (1..=5).contains(&score), "must be 1 to 5")
        .optional_text("comment", comment, 1_000);
    checks.done()?;
    let engagement = store::find_last_engagement_of(tx, ticket)?
        .filter(|last| last.status == EngagementStatus::Resolved && last.first_reply_at.is_some())
        .ok_or(Error::NotRateable)?;
    let comment = comment.map(str::trim).filter(|text| !text.is_empty());
    let rating = Rating {
        engagement_id: engagement.id,
        score,
        comment: comment.map(|text| mask(text).text),
        rated_at: tx.now(),
    };
    store::insert_rating(tx, &rating)?;
    tx.ring(Topic::Agent(engagement.agent_id));
    tx.ring(Topic::Ticket(ticket));
    Ok(rating)
}
