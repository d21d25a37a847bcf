//! Routing: the policy of each queue, and what could not be routed.

mod form;

use actix_web::{
    get, post,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use dispatch::{DeadLetter, NewPolicy, PolicyVersion, Queue, Ticket};
use kernel::{
    DeadLetterId,
    diesel::{PgConnection, QueryResult},
};
use routing::Policy;

use self::form::PolicyForm;
use crate::{
    extract::{Form, Supervisor},
    pages::{Faults, Layout, PageResult, fields::form_page, figures, html, see_other_with_notice},
    state::State,
};

/// Where the overview is.
const PATH: &str = "/ops/routing";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(routing_page)
        .service(policy_page)
        .service(publish)
        .service(replay)
        .service(discard);
}

#[derive(Template)]
#[template(path = "ops/routing.html")]
struct RoutingPage {
    layout: Layout,
    queues: Vec<(Queue, Policy)>,
    letters: Vec<(DeadLetter, Ticket)>,
}

#[derive(Template)]
#[template(path = "ops/policy.html")]
struct PolicyPage {
    layout: Layout,
    queue: Queue,
    others: Vec<(String, String)>,
    versions: Vec<PolicyVersion>,
    overtaking_seconds: i64,
    faults: Faults,
    form: PolicyForm,
}

#[get("/ops/routing")]
async fn routing_page(_caller: Supervisor, state: Data<State>, layout: Layout) -> PageResult {
    let read = state.read(|conn| {
        Ok((
            dispatch::queries::queues(conn)?,
            dispatch::queries::policies_in_force(conn)?,
            dispatch::queries::open_dead_letters(conn)?,
        ))
    });
    let (queues, policies, letters) = read.await?;
    let mut routed = Vec::new();
    for queue in queues {
        if let Some(version) = policies.iter().find(|version| version.queue == queue.code) {
            routed.push((queue, version.policy()?));
        }
    }
    html(&RoutingPage {
        layout: layout.titled("Routing"),
        queues: routed,
        letters,
    })
}

#[get("/ops/routing/{code}")]
async fn policy_page(
    _caller: Supervisor,
    state: Data<State>,
    code: Path<String>,
    layout: Layout,
) -> PageResult {
    let page = read(&state, code.into_inner(), layout).await?;
    form_page(&page.faults, &page)
}

async fn read(
    state: &State,
    code: String,
    layout: Layout,
) -> Result<PolicyPage, crate::pages::PageError> {
    let read = state.read(move |conn| look(conn, &code));
    let (queue, queues, versions) = read.await?;
    let queue = queue.ok_or(dispatch::Error::QueueNotFound)?;
    let current = versions.first().ok_or(dispatch::Error::QueueNotFound)?;
    let policy = current.policy()?;
    let form = PolicyForm::of(&policy, current.version);
    let others = queues
        .into_iter()
        .filter(|other| other.code != queue.code)
        .map(|other| (other.code, other.name));
    Ok(PolicyPage {
        layout: layout.titled(format!("Routing of {}", queue.name)),
        others: others.collect(),
        queue,
        versions,
        overtaking_seconds: policy.overtaking_seconds(),
        faults: Faults::default(),
        form,
    })
}

type Looked = (Option<Queue>, Vec<Queue>, Vec<PolicyVersion>);

fn look(conn: &mut PgConnection, code: &str) -> QueryResult<Looked> {
    Ok((
        dispatch::queries::queue(conn, code)?,
        dispatch::queries::queues(conn)?,
        dispatch::queries::policy_versions(conn, code)?,
    ))
}

#[post("/ops/routing/{code}")]
async fn publish(
    caller: Supervisor,
    state: Data<State>,
    code: Path<String>,
    layout: Layout,
    Form(form): Form<PolicyForm>,
) -> PageResult {
    let code = code.into_inner();
    let outcome = match form.policy() {
        Ok((policy, based_on)) => {
            let input = NewPolicy {
                queue: code.clone(),
                policy,
                note: form.note.clone(),
                created_by: caller.display_name.clone(),
            };
            let db = caller.acting_db();
            db.write("publish_policy", move |tx| {
                workflows::publish_policy(tx, &input, Some(based_on))
            })
            .await
        }
        Err(invalid) => Err(invalid.into()),
    };
    match outcome {
        Ok(version) => {
            let notice = format!("Version {} is in force.", version.version);
            Ok(see_other_with_notice(&format!("{PATH}/{code}"), &notice))
        }
        Err(error) => {
            let mut page = read(&state, code, layout).await?;
            (page.faults, page.form) = (Faults::of(error)?, form);
            form_page(&page.faults, &page)
        }
    }
}

#[post("/ops/routing/dead-letters/{id}/replay")]
async fn replay(caller: Supervisor, id: Path<DeadLetterId>) -> PageResult {
    let (id, by) = (id.into_inner(), caller.display_name.clone());
    let db = caller.acting_db();
    db.write("replay_dead_letter", move |tx| {
        workflows::replay_dead_letter(tx, id, &by)
    })
    .await?;
    Ok(see_other_with_notice(PATH, "It waits again, in its place."))
}

#[post("/ops/routing/dead-letters/{id}/discard")]
async fn discard(caller: Supervisor, id: Path<DeadLetterId>) -> PageResult {
    let (id, by) = (id.into_inner(), caller.display_name.clone());
    let db = caller.acting_db();
    db.write("discard_dead_letter", move |tx| {
        workflows::discard_dead_letter(tx, id, &by)
    })
    .await?;
    Ok(see_other_with_notice(PATH, "It is given up."))
}
