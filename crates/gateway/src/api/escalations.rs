//! Escalations: the assistant hands a conversation over.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post, web::Data};
use chrono::{DateTime, Utc};
use db::idempotency::{Answer, Request};
use dispatch::{
    Channel, ConversationLink, Customer, Escalation, LINK_LIFETIME, Need, Reason, Ticket,
    TicketStatus, TranscriptAuthor, TranscriptTurn,
};
use kernel::TicketId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::control::ControlView;
use crate::{
    extract::{Json, Machine},
    problem::{ApiError, ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(escalate);
}

/// The customer, as the company describes them.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CustomerBody {
    /// The company's name for the customer.
    #[schema(example = "cus_48213")]
    reference: String,
    /// The customer's standing.
    #[schema(example = "vip")]
    tier: String,
    /// BCP 47.
    #[schema(example = "en-GB")]
    locale: String,
    /// What to call them.
    display_name: String,
    /// Their household, where known: its members never get this ticket.
    household: Option<String>,
}

/// One turn before the handoff.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TurnBody {
    author: TranscriptAuthor,
    body: String,
    at: DateTime<Utc>,
}

/// The handoff: everything an agent needs to take the conversation on.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EscalationBody {
    /// The system the conversation comes from.
    #[schema(example = "assistant")]
    source: String,
    /// Its id there.
    external_id: String,
    customer: CustomerBody,
    /// The code of a queue.
    queue: String,
    /// ISO 639-1.
    #[schema(example = "en")]
    language: String,
    /// The least level in it, 1 to 5; 1 where none is given.
    #[serde(default = "any_level")]
    #[schema(minimum = 1, maximum = 5)]
    language_level: i32,
    /// The skills needed, at most 10: a code, or a code with the least level.
    #[serde(default)]
    required_skills: Vec<SkillBody>,
    /// By what the conversation is carried; `chat` where nothing is said.
    #[serde(default = "chat")]
    channel: Channel,
    /// Whether the customer would like the agent who helped them last, if that agent is there.
    /// Say `false` where the customer would rather not.
    #[serde(default = "yes")]
    same_agent: bool,
    reason: Reason,
    /// What it is about, for the agent.
    summary: String,
    intent: Option<String>,
    /// How sure the assistant was, 0 to 1, as a text.
    #[serde(default, with = "rust_decimal::serde::str_option")]
    #[schema(value_type = Option<String>, example = "0.42")]
    confidence: Option<Decimal>,
    /// 0 to 9, 9 first; by the reason where none is given.
    #[schema(minimum = 0, maximum = 9)]
    priority: Option<i32>,
    /// What was said so far, at most 200 turns.
    #[serde(default)]
    transcript: Vec<TurnBody>,
}

/// A skill that is needed: its code, or its code with the least level.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SkillBody {
    /// At any level.
    Code(String),
    /// At this level, 1 to 5, or above.
    Level(SkillLevelBody),
}

/// A skill and the least level in it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SkillLevelBody {
    /// The code of the skill.
    code: String,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    level: i32,
}

impl From<SkillBody> for Need {
    fn from(body: SkillBody) -> Self {
        match body {
            SkillBody::Code(skill) => Self { skill, level: 1 },
            SkillBody::Level(SkillLevelBody { code, level }) => Self { skill: code, level },
        }
    }
}

const fn any_level() -> i32 {
    1
}

const fn chat() -> Channel {
    Channel::Chat
}

const fn yes() -> bool {
    true
}

impl From<EscalationBody> for Escalation {
    fn from(body: EscalationBody) -> Self {
        let CustomerBody {
            reference,
            tier,
            locale,
            display_name,
            household,
        } = body.customer;
        let turn = |TurnBody { author, body, at }| TranscriptTurn { author, body, at };
        Self {
            source: body.source,
            external_id: body.external_id,
            customer: Customer {
                reference,
                tier,
                locale,
                display_name,
                household,
            },
            queue: body.queue,
            language: body.language,
            language_level: body.language_level,
            required_skills: body.required_skills.into_iter().map(Into::into).collect(),
            channel: body.channel,
            same_agent: body.same_agent,
            reason: body.reason,
            summary: body.summary,
            intent: body.intent,
            confidence: body.confidence,
            priority: body.priority,
            transcript: body.transcript.into_iter().map(turn).collect(),
        }
    }
}

/// An escalation that was taken in.
#[derive(Debug, Serialize, ToSchema)]
struct Escalated {
    id: TicketId,
    source: String,
    external_id: String,
    queue: String,
    status: TicketStatus,
    created_at: DateTime<Utc>,
    /// Who may speak from now on, and the number that fences off what was on its way.
    control: ControlView,
    /// Where the customer goes on, without an account, for 30 days.
    conversation_url: String,
}

impl Escalated {
    fn new(links: &ConversationLink, public_url: &str, ticket: Ticket) -> Self {
        let token = links.sign(ticket.id, ticket.created_at + LINK_LIFETIME);
        Self {
            id: ticket.id,
            source: ticket.source,
            external_id: ticket.external_id,
            queue: ticket.queue,
            status: ticket.status,
            created_at: ticket.created_at,
            control: ticket.control.into(),
            conversation_url: format!("{public_url}/c/{token}"),
        }
    }
}

/// Hand a conversation over to a human.
///
/// The header `Idempotency-Key` names the request: repeated within 72 hours, it gets the same
/// answer to the byte; with another body, 422; while it is being answered, 409.
#[utoipa::path(
    tag = "Escalations",
    security(("machine" = [])),
    params(("Idempotency-Key" = String, Header, description = "Your name for this request, 1 to 200 visible characters")),
    request_body = EscalationBody,
    responses((status = 201, description = "The ticket waits in its queue", body = Escalated), Problems),
)]
#[post("/escalations")]
async fn escalate(
    machine: Machine,
    state: Data<State>,
    request: HttpRequest,
    body: Json<EscalationBody>,
) -> ApiResult<HttpResponse> {
    let named = name(&machine, &request, &body.0)?;
    let db = machine.acting_db();
    let answer = state.intake.take_in(db, named, body.0.into()).await?;
    let status = u16::try_from(answer.status)
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok());
    Ok(HttpResponse::build(status.unwrap_or(StatusCode::CREATED))
        .content_type("application/json")
        .body(answer.body))
}

/// The request under its idempotency key. The body's hash is taken of its content, so that the
/// order of fields and white space do not matter.
fn name(machine: &Machine, request: &HttpRequest, body: &EscalationBody) -> ApiResult<Request> {
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| (1..=200).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| {
            let message = "is needed: a header with 1 to 200 visible ASCII characters, new for \
                           every new request";
            kernel::Invalid::field("Idempotency-Key", message)
        })
        .map_err(|invalid| ApiError::invalid(invalid.fields))?;
    let content = serde_json::to_vec(body).map_err(ApiError::internal)?;
    Ok(Request {
        scope: format!("escalations {}", machine.key_id),
        key: key.to_owned(),
        body_sha256: Sha256::digest(content).to_vec(),
    })
}

/// What to answer for a ticket that was taken in.
pub(crate) fn answering(links: ConversationLink, public_url: String) -> impl Fn(Ticket) -> Answer {
    move |ticket| Answer {
        status: 201,
        body: serde_json::to_vec(&Escalated::new(&links, &public_url, ticket)).unwrap_or_default(),
    }
}
