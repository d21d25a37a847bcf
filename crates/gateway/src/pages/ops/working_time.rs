//! How long agents may work: all of them, or one.

use actix_web::{
    get, post,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use availability::Rules;
use kernel::{AgentId, Checks};
use serde::Deserialize;

use crate::{
    extract::{Form, Supervisor},
    pages::{
        Faults, Layout, PageResult,
        fields::{form_page, whole_number},
        see_other_with_notice,
    },
    state::State,
};

/// Where the rules for all are.
const PATH: &str = "/ops/working-time";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(rules_page)
        .service(save_rules)
        .service(agent_rules_page)
        .service(save_agent_rules)
        .service(drop_agent_rules);
}

#[derive(Template)]
#[template(path = "ops/working_time.html")]
struct RulesPage {
    layout: Layout,
    /// Whose rules these are; none where they are for all.
    agent: Option<Whose>,
    faults: Faults,
    form: RulesForm,
}

/// The agent whose rules they are.
struct Whose {
    id: AgentId,
    name: String,
    /// Whether there are any of their own.
    has_own: bool,
}

impl RulesPage {
    fn action(&self) -> String {
        self.agent
            .as_ref()
            .map_or_else(|| PATH.to_owned(), |agent| path_of(agent.id))
    }
}

fn path_of(agent: AgentId) -> String {
    format!("/ops/agents/{agent}/working-time")
}

#[derive(Clone, Default, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "units come last in the names of the API"
)]
struct RulesForm {
    max_day_minutes: String,
    max_week_minutes: String,
    break_after_minutes: String,
    break_minutes: String,
    rest_minutes: String,
}

impl From<Rules> for RulesForm {
    fn from(rules: Rules) -> Self {
        Self {
            max_day_minutes: rules.max_day_minutes.to_string(),
            max_week_minutes: rules.max_week_minutes.to_string(),
            break_after_minutes: rules.break_after_minutes.to_string(),
            break_minutes: rules.break_minutes.to_string(),
            rest_minutes: rules.rest_minutes.to_string(),
        }
    }
}

impl RulesForm {
    fn rules(&self) -> Result<Rules, availability::Error> {
        let mut checks = Checks::new();
        let mut minutes = |field, text| whole_number(&mut checks, field, text);
        let rules = Rules {
            max_day_minutes: minutes("max_day_minutes", &self.max_day_minutes),
            max_week_minutes: minutes("max_week_minutes", &self.max_week_minutes),
            break_after_minutes: minutes("break_after_minutes", &self.break_after_minutes),
            break_minutes: minutes("break_minutes", &self.break_minutes),
            rest_minutes: minutes("rest_minutes", &self.rest_minutes),
        };
        checks.done()?;
        Ok(rules)
    }
}

/// The page of one agent, or of all; with what is wrong with what was sent.
async fn show(
    state: &State,
    layout: Layout,
    agent: Option<AgentId>,
    sent: Option<(Faults, RulesForm)>,
) -> PageResult {
    let found = state.read(move |conn| {
        let for_all = availability::decided_rules(conn, None)?;
        let Some(id) = agent else {
            return Ok(Some((None, for_all)));
        };
        let own = availability::decided_rules(conn, Some(id))?;
        let whose = onboarding::agent(conn, id)?.map(|agent| Whose {
            id,
            name: agent.display_name,
            has_own: own.is_some(),
        });
        Ok(whose.map(|whose| (Some(whose), own.or(for_all))))
    });
    let (agent, decided) = found.await?.ok_or(onboarding::Error::AgentNotFound)?;
    let (faults, form) = sent.unwrap_or_else(|| {
        let rules = decided.map(|one| one.rules).unwrap_or_default();
        (Faults::default(), rules.into())
    });
    let page = RulesPage {
        layout: layout.titled("Working time"),
        agent,
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

/// Stores what was sent, and leads back; or the page again, with what is wrong with it.
async fn save(
    caller: Supervisor,
    state: &State,
    layout: Layout,
    agent: Option<AgentId>,
    form: RulesForm,
) -> PageResult {
    let outcome = match form.rules() {
        Ok(rules) => {
            let (by, db) = (caller.account_id, caller.acting_db());
            db.write("save_working_time_rules", move |tx| {
                workflows::save_working_time_rules(tx, agent, &rules, by)
            })
            .await
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => {
            let path = agent.map_or_else(|| PATH.to_owned(), path_of);
            Ok(see_other_with_notice(&path, "Saved. It holds from now on."))
        }
        Err(error) => show(state, layout, agent, Some((Faults::of(error)?, form))).await,
    }
}

#[get("/ops/working-time")]
async fn rules_page(_caller: Supervisor, state: Data<State>, layout: Layout) -> PageResult {
    show(&state, layout, None, None).await
}

#[post("/ops/working-time")]
async fn save_rules(
    caller: Supervisor,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<RulesForm>,
) -> PageResult {
    save(caller, &state, layout, None, form).await
}

#[get("/ops/agents/{id}/working-time")]
async fn agent_rules_page(
    _caller: Supervisor,
    state: Data<State>,
    layout: Layout,
    id: Path<AgentId>,
) -> PageResult {
    show(&state, layout, Some(*id), None).await
}

#[post("/ops/agents/{id}/working-time")]
async fn save_agent_rules(
    caller: Supervisor,
    state: Data<State>,
    layout: Layout,
    id: Path<AgentId>,
    Form(form): Form<RulesForm>,
) -> PageResult {
    save(caller, &state, layout, Some(*id), form).await
}

#[post("/ops/agents/{id}/working-time/drop")]
async fn drop_agent_rules(caller: Supervisor, id: Path<AgentId>) -> PageResult {
    let (id, db) = (id.into_inner(), caller.acting_db());
    let write = db.write("drop_working_time_rules", move |tx| {
        workflows::drop_working_time_rules(tx, id)
    });
    write.await?;
    Ok(see_other_with_notice(
        &path_of(id),
        "The rules for all hold again.",
    ))
}
