//! The agent's desk: offers, conversations, what may be taken. Scripts keep it up to date; without
//! them the page shows how things stood.

use actix_web::{
    get,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use availability::PresenceStatus;
use chrono::{DateTime, Utc};
use dispatch::{Author, EngagementStatus};
use kernel::{AgentId, EngagementId, PAGE_LIMIT};
use payouts::PLATFORM_CURRENCY;

use super::{
    Layout, PageResult, figures, html,
    wording::{self, Clock, Words, capitalized},
};
use crate::{
    api::{DeskView, EngagementView, HandoverView, MessageView, TicketBrief, claimable_tickets},
    extract::Agent,
    problem::ApiError,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(desk_page).service(conversation_page);
}

#[derive(Template)]
#[template(path = "desk/desk.html")]
struct DeskPage {
    layout: Layout,
    /// For the scripts: the server's clock, and what codes are called.
    now: String,
    words: String,
    presence: PresenceStatus,
    hands: String,
    offers: Vec<Card>,
    held: Vec<Card>,
    claimable: Vec<Card>,
    blank: Card,
    open: Option<Opened>,
    standing: Standing,
}

impl DeskPage {
    /// What the head of the conversation shows.
    fn shown(&self) -> &Card {
        self.open.as_ref().map_or(&self.blank, |open| &open.card)
    }

    /// What the agent before wrote about the open conversation; empty where they wrote nothing.
    fn handover(&self) -> &str {
        self.open.as_ref().map_or("", |open| &open.handover)
    }

    /// Who that was.
    fn handover_by(&self) -> &str {
        self.open.as_ref().map_or("", |open| &open.handover_by)
    }

    /// How the open conversation ended; empty while it goes on.
    fn ending(&self) -> &str {
        let ended = self.open.as_ref().and_then(|open| open.ended.as_deref());
        ended.unwrap_or_default()
    }
}

/// A ticket in one of the lists.
#[derive(Default)]
struct Card {
    id: String,
    customer: String,
    tier: String,
    language: String,
    queue: String,
    why: String,
    summary: String,
    since: String,
    waited: String,
    state: String,
}

impl Card {
    fn new(
        id: String,
        state: &str,
        ticket: &TicketBrief,
        words: &Words,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            customer: ticket.customer_name.clone(),
            tier: capitalized(&ticket.customer_tier),
            language: wording::language(&ticket.language).to_owned(),
            queue: words.queue(&ticket.queue),
            why: wording::reason(ticket.reason).to_owned(),
            summary: ticket.summary.clone(),
            since: ticket.waiting_since.to_rfc3339(),
            waited: figures::age(ticket.waiting_since, now),
            state: state.to_owned(),
        }
    }
}

/// The conversation that is open.
struct Opened {
    card: Card,
    ended: Option<String>,
    intent: String,
    skills: String,
    reference: String,
    handover: String,
    handover_by: String,
    messages: Vec<Said>,
}

/// A message as the page shows it.
struct Said {
    author: &'static str,
    name: String,
    body: String,
    time: String,
}

/// What the agent should know before going available.
struct Standing {
    clock: Clock,
    balance: String,
    next_shift: Option<String>,
    /// There is a newer agreement to accept, and without it no work.
    is_outdated: bool,
    /// When that will be so, unless the agent accepts it by then.
    outdated_from: Option<String>,
    /// No skill is valid.
    is_unskilled: bool,
}

fn hands_of(desk: &DeskView) -> String {
    match desk.capacity {
        Some(capacity) => format!("{} of {capacity} in hand", desk.load),
        None => String::new(),
    }
}

fn opened(
    engagement: &EngagementView,
    messages: Vec<MessageView>,
    words: &Words,
    clock: Clock,
    now: DateTime<Utc>,
) -> Opened {
    let ticket = &engagement.ticket;
    let card = Card::new(
        engagement.id.to_string(),
        wording::engagement(engagement.status),
        ticket,
        words,
        now,
    );
    let said = |message: MessageView| Said {
        author: message.author.as_str(),
        name: match message.author {
            Author::Customer => card.customer.clone(),
            Author::Agent => "You".to_owned(),
            Author::Assistant => "Assistant".to_owned(),
            Author::Platform => String::new(),
        },
        body: message.body,
        time: clock.time(message.sent_at),
    };
    let skills: Vec<String> = ticket
        .required_skills
        .iter()
        .map(|s| words.skill(s))
        .collect();
    Opened {
        ended: match engagement.status {
            EngagementStatus::Talking | EngagementStatus::Wrapping => None,
            EngagementStatus::Lost | EngagementStatus::Released => {
                Some("This conversation went back to the queue.".to_owned())
            }
            EngagementStatus::Transferred => Some("You handed this conversation on.".to_owned()),
            EngagementStatus::Returned => {
                Some("The assistant goes on with this conversation.".to_owned())
            }
            EngagementStatus::Resolved => Some(closed(engagement, clock)),
        },
        intent: ticket
            .intent
            .as_deref()
            .unwrap_or_default()
            .replace('_', " "),
        skills: skills.join(", "),
        reference: format!("{} · {}", ticket.source, ticket.external_id),
        handover: engagement
            .handover
            .as_ref()
            .map(|handover| handover.note.clone())
            .unwrap_or_default(),
        handover_by: engagement
            .handover
            .as_ref()
            .map(|handover| format!("From {}", handover.agent_name))
            .unwrap_or_default(),
        messages: messages.into_iter().map(said).collect(),
        card,
    }
}

/// How a conversation was closed, in a sentence.
fn closed(engagement: &EngagementView, clock: Clock) -> String {
    let when = engagement.ended_at.map(|at| clock.moment(at));
    let how = engagement.disposition.map(wording::disposition);
    format!(
        "Closed on {}: {}.",
        when.unwrap_or_default(),
        how.unwrap_or_default()
    )
}

/// The page, with this conversation open.
async fn show(
    state: &State,
    agent: AgentId,
    layout: Layout,
    open: Option<EngagementId>,
) -> PageResult {
    let now = state.db.now();
    let desk = DeskView::look(state, agent).await?;
    let claimable = claimable_tickets(state, agent).await?;
    let words = state.read(move |conn| {
        let queues = dispatch::queries::queues(conn)?;
        Ok(Words::new(queues, onboarding::skills(conn)?))
    });
    let (words, standing) = (words.await?, standing(state, agent).await?);
    let open = match open {
        Some(id) => Some(conversation(state, agent, id).await?),
        None => None,
    };
    let card =
        |id: String, status, ticket: &TicketBrief| Card::new(id, status, ticket, &words, now);
    html(&DeskPage {
        layout: layout.titled("Desk"),
        now: now.to_rfc3339(),
        words: words.json(),
        presence: desk.presence.status,
        hands: hands_of(&desk),
        offers: desk
            .offers
            .iter()
            .map(|offer| card(offer.id.to_string(), "", &offer.ticket))
            .collect(),
        held: desk
            .engagements
            .iter()
            .map(|one| {
                card(
                    one.id.to_string(),
                    wording::engagement(one.status),
                    &one.ticket,
                )
            })
            .collect(),
        claimable: claimable
            .iter()
            .map(|ticket| card(ticket.id.to_string(), "", ticket))
            .collect(),
        blank: Card::default(),
        open: open.map(|(one, said)| opened(&one, said, &words, standing.clock, now)),
        standing,
    })
}

/// One of the agent's conversations, with its latest messages.
async fn conversation(
    state: &State,
    agent: AgentId,
    id: EngagementId,
) -> Result<(EngagementView, Vec<MessageView>), ApiError> {
    let read = state.read(move |conn| {
        let Some((engagement, ticket)) = dispatch::queries::engagement(conn, id, agent)? else {
            return Ok(None);
        };
        let handover = HandoverView::read(conn, &engagement)?;
        let view = EngagementView::from((engagement, ticket));
        let view = EngagementView { handover, ..view };
        let latest = i64::from(view.message_count) - PAGE_LIMIT;
        let after = i32::try_from(latest.max(0)).unwrap_or(0);
        let messages = dispatch::queries::messages_after(conn, view.ticket.id, after)?;
        let messages = messages
            .into_iter()
            .filter(|message| message.number <= view.message_count)
            .map(MessageView::from)
            .collect();
        Ok(Some((view, messages)))
    });
    Ok(read.await?.ok_or(dispatch::Error::EngagementNotFound)?)
}

async fn standing(state: &State, id: AgentId) -> Result<Standing, ApiError> {
    let now = state.db.now();
    let read = state.read(move |conn| {
        let agent = onboarding::agent(conn, id)?;
        let clock = Clock::of(agent.and_then(|agent| agent.time_zone).as_deref());
        let qualification = onboarding::qualifications(conn, &[id], now)?.pop();
        let next = availability::commitments(conn, id, now)?.into_iter().next();
        let newest = onboarding::current_agreement(conn)?;
        let accepted = onboarding::acceptance(conn, id)?.map_or(0, |word| word.version);
        let ahead = newest.filter(|one| one.version > accepted && one.effective_at > now);
        let summary = payouts::earnings_summary(conn, id, PLATFORM_CURRENCY)?;
        Ok(Standing {
            clock,
            balance: figures::money(summary.balance),
            next_shift: next.map(|next| {
                let (from, until) = (next.shift.starts_at, next.shift.ends_at);
                let (day, from, until) = (clock.day(from), clock.time(from), clock.time(until));
                format!("{day}, {from}–{until}")
            }),
            outdated_from: ahead.map(|agreement| clock.moment(agreement.effective_at)),
            is_outdated: qualification.as_ref().is_some_and(|q| !q.agreement_current),
            is_unskilled: qualification.is_none_or(|q| q.skills.is_empty()),
        })
    });
    Ok(read.await?)
}

#[get("/desk")]
async fn desk_page(agent: Agent, state: Data<State>, layout: Layout) -> PageResult {
    show(&state, agent.agent_id, layout, None).await
}

#[get("/desk/engagements/{engagement}")]
async fn conversation_page(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    engagement: Path<EngagementId>,
) -> PageResult {
    let open = Some(engagement.into_inner());
    show(&state, agent.agent_id, layout, open).await
}
