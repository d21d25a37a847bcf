//! Who applied, who works, and the decisions about them.

use actix_web::{
    get, post,
    web::{Data, Path, Query, Redirect, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use kernel::{AgentId, Checks, FieldError, Page, PageRequest};
use onboarding::{Agent, AgentStatus, DecisionKind, SkillGrant};
use reports::{AgentDetail, AgentLine};
use serde::Deserialize;
use workflows::{approve_agent, reinstate_agent, reject_agent, suspend_agent};

use crate::{
    extract::{Form, Supervisor},
    pages::{
        Faults, Layout, PageResult,
        fields::{form_page, whole_number},
        html, see_other_with_notice,
    },
    problem::ApiError,
    state::State,
};

/// What the list can be narrowed to: what waits for a decision comes first.
const FILTERS: [(&str, &str); 6] = [
    ("submitted", "To decide"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("applying", "Applying"),
    ("rejected", "Turned down"),
    ("all", "All"),
];

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(applications)
        .service(agents_page)
        .service(agent_page)
        .service(set_capacity)
        .service(decide);
}

#[derive(Template)]
#[template(path = "ops/agents.html")]
struct AgentsPage {
    layout: Layout,
    filter: String,
    agents: Page<AgentLine>,
}

#[derive(Template)]
#[template(path = "ops/agent.html")]
struct AgentPage {
    layout: Layout,
    detail: AgentDetail,
    /// Units the agent can hold, as they were typed.
    capacity: String,
    now: DateTime<Utc>,
    faults: Faults,
    reason: String,
}

impl AgentPage {
    fn agent(&self) -> &Agent {
        &self.detail.line.agent
    }

    fn is_valid(&self, grant: &SkillGrant) -> bool {
        grant.valid_until > self.now
    }
}

/// The word for a status, and its colour.
const fn state(status: AgentStatus) -> (&'static str, &'static str) {
    match status {
        AgentStatus::Applying => ("", "Applying"),
        AgentStatus::Submitted => ("wait", "To decide"),
        AgentStatus::Active => ("good", "Active"),
        AgentStatus::Rejected => ("", "Turned down"),
        AgentStatus::Suspended => ("bad", "Suspended"),
    }
}

const fn decided(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Approve => "Approved",
        DecisionKind::Reject => "Turned down",
        DecisionKind::Suspend => "Suspended",
        DecisionKind::Reinstate => "Reinstated",
    }
}

#[derive(Deserialize)]
struct ListQuery {
    status: Option<String>,
    after: Option<AgentId>,
}

impl ListQuery {
    /// What the list is narrowed to, by its name in the address; none for no bounds.
    fn status(&self) -> Result<Option<AgentStatus>, ApiError> {
        match self.filter() {
            "all" => Ok(None),
            text => text.parse().map(Some).map_err(|message| {
                ApiError::invalid(vec![FieldError {
                    field: "status".to_owned(),
                    message,
                }])
            }),
        }
    }

    fn filter(&self) -> &str {
        self.status.as_deref().unwrap_or("submitted")
    }
}

#[derive(Default, Deserialize)]
struct DecisionForm {
    reason: String,
}

/// The applications are the agents who are to be decided about.
#[get("/ops/applications")]
async fn applications() -> Redirect {
    Redirect::to("/ops/agents?status=submitted").see_other()
}

#[get("/ops/agents")]
async fn agents_page(
    _caller: Supervisor,
    query: Query<ListQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let status = query.status()?;
    let page = PageRequest::new(query.after, None);
    let agents = state
        .read(move |conn| reports::agent_lines(conn, status, &page))
        .await?;
    html(&AgentsPage {
        layout: layout.titled("Applications"),
        filter: query.filter().to_owned(),
        agents,
    })
}

#[get("/ops/agents/{id}")]
async fn agent_page(
    _caller: Supervisor,
    id: Path<AgentId>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    show(&state, layout, *id, Sent::default()).await
}

/// What was sent from the page of an agent, and what is wrong with it.
#[derive(Default)]
struct Sent {
    faults: Faults,
    reason: String,
    capacity: Option<String>,
}

/// The page of one agent, with what is wrong with what was sent.
async fn show(state: &State, layout: Layout, id: AgentId, sent: Sent) -> PageResult {
    let now = state.db.now();
    let (detail, workload) = state
        .read(move |conn| {
            let detail = reports::agent_detail(conn, id, now)?;
            let workload = dispatch::queries::desk(conn, id)?.workload;
            Ok(detail.map(|detail| (detail, workload)))
        })
        .await?
        .ok_or_else(|| ApiError::not_found("there is no such agent"))?;
    let page = AgentPage {
        layout: layout.titled(detail.line.agent.display_name.clone()),
        detail,
        capacity: sent.capacity.unwrap_or_else(|| {
            let capacity = workload.map_or(dispatch::DEFAULT_CAPACITY, |one| one.capacity);
            capacity.to_string()
        }),
        now,
        faults: sent.faults,
        reason: sent.reason,
    };
    form_page(&page.faults, &page)
}

#[post("/ops/agents/{id}/{decision}")]
async fn decide(
    caller: Supervisor,
    path: Path<(AgentId, String)>,
    state: Data<State>,
    layout: Layout,
    form: Form<DecisionForm>,
) -> PageResult {
    let ((id, decision), Form(DecisionForm { reason })) = (path.into_inner(), form);
    let kind: DecisionKind = decision.parse().map_err(ApiError::not_found)?;
    let (by, why) = (caller.account_id, reason.clone());
    let db = caller.acting_db();
    let write = db.write("decide", move |tx| match kind {
        DecisionKind::Approve => approve_agent(tx, id, by, &why),
        DecisionKind::Reject => reject_agent(tx, id, by, &why),
        DecisionKind::Suspend => suspend_agent(tx, id, by, &why),
        DecisionKind::Reinstate => reinstate_agent(tx, id, by, &why),
    });
    match write.await {
        Ok(agent) => Ok(see_other_with_notice(
            &format!("/ops/agents/{id}"),
            &outcome(kind, &agent.display_name),
        )),
        Err(error) => {
            let faults = Faults::of(error)?;
            let sent = Sent {
                faults,
                reason,
                capacity: None,
            };
            show(&state, layout, id, sent).await
        }
    }
}

#[derive(Deserialize)]
struct CapacityForm {
    capacity: String,
}

#[post("/ops/agents/{id}/capacity")]
async fn set_capacity(
    caller: Supervisor,
    id: Path<AgentId>,
    state: Data<State>,
    layout: Layout,
    Form(CapacityForm { capacity }): Form<CapacityForm>,
) -> PageResult {
    let id = id.into_inner();
    let mut checks = Checks::new();
    let units = whole_number(&mut checks, "capacity", &capacity);
    let outcome = match checks.done() {
        Ok(()) => {
            let db = caller.acting_db();
            let capacity = dispatch::Capacity {
                total: units,
                chat: None,
                message: None,
            };
            db.write("set_capacity", move |tx| {
                workflows::set_capacity(tx, id, capacity)
            })
            .await
        }
        Err(invalid) => Err(dispatch::Error::from(invalid).into()),
    };
    match outcome {
        Ok(_) => Ok(see_other_with_notice(
            &format!("/ops/agents/{id}"),
            "Saved. It holds from now on.",
        )),
        Err(error) => {
            let sent = Sent {
                faults: Faults::of(error)?,
                reason: String::new(),
                capacity: Some(capacity),
            };
            show(&state, layout, id, sent).await
        }
    }
}

fn outcome(kind: DecisionKind, name: &str) -> String {
    match kind {
        DecisionKind::Approve => format!("{name} is an agent now, and a letter is on its way."),
        DecisionKind::Reject => format!("{name} was turned down, and a letter is on its way."),
        DecisionKind::Suspend => format!("{name} is suspended."),
        DecisionKind::Reinstate => format!("{name} may work again."),
    }
}
