//! Queues and their service levels.

use actix_web::{
    get, post,
    web::{Data, Query, ServiceConfig},
};
use askama::Template;
use dispatch::{Queue, QueueInput, TalkRules};
use kernel::{Checks, Invalid};
use serde::Deserialize;

use super::{Tab, tabs};
use crate::{
    extract::{Admin, Caller, Form},
    pages::{
        Faults, Layout, PageResult,
        fields::{form_page, whole_number},
        figures, see_other_with_notice,
    },
    state::State,
};

/// Where the queues are.
const PATH: &str = "/admin/queues";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(queues_page).service(save);
}

#[derive(Template)]
#[template(path = "admin/queues.html")]
struct QueuesPage {
    layout: Layout,
    tabs: Vec<Tab>,
    queues: Vec<Queue>,
    faults: Faults,
    form: QueueForm,
}

impl QueuesPage {
    /// Whether the form changes a queue that there is.
    fn is_edit(&self) -> bool {
        self.queues.iter().any(|queue| queue.code == self.form.code)
    }
}

#[derive(Clone, Deserialize)]
struct QueueForm {
    code: String,
    name: String,
    first_reply_seconds: String,
    wrap_up_seconds: String,
    ticket_weight: String,
    next_reply_seconds: String,
    silent_grace_seconds: String,
    silence_seconds: String,
    wrap_up_extensions: String,
    wrap_up_extension_seconds: String,
    reopen_days: String,
}

impl Default for QueueForm {
    /// What suits most queues.
    fn default() -> Self {
        let rules = TalkRules::default();
        Self {
            code: String::new(),
            name: String::new(),
            first_reply_seconds: "60".to_owned(),
            wrap_up_seconds: "120".to_owned(),
            ticket_weight: "1".to_owned(),
            next_reply_seconds: rules.next_reply_seconds.to_string(),
            silent_grace_seconds: rules.silent_grace_seconds.to_string(),
            silence_seconds: rules.silence_seconds.to_string(),
            wrap_up_extensions: rules.wrap_up_extensions.to_string(),
            wrap_up_extension_seconds: rules.wrap_up_extension_seconds.to_string(),
            reopen_days: rules.reopen_days.to_string(),
        }
    }
}

impl From<&Queue> for QueueForm {
    fn from(queue: &Queue) -> Self {
        let rules = &queue.rules;
        Self {
            code: queue.code.clone(),
            name: queue.name.clone(),
            first_reply_seconds: queue.first_reply_seconds.to_string(),
            wrap_up_seconds: queue.wrap_up_seconds.to_string(),
            ticket_weight: queue.ticket_weight.to_string(),
            next_reply_seconds: rules.next_reply_seconds.to_string(),
            silent_grace_seconds: rules.silent_grace_seconds.to_string(),
            silence_seconds: rules.silence_seconds.to_string(),
            wrap_up_extensions: rules.wrap_up_extensions.to_string(),
            wrap_up_extension_seconds: rules.wrap_up_extension_seconds.to_string(),
            reopen_days: rules.reopen_days.to_string(),
        }
    }
}

impl QueueForm {
    fn input(&self) -> Result<QueueInput, Invalid> {
        let mut checks = Checks::new();
        let mut number = |field: &str, text: &str| whole_number(&mut checks, field, text);
        let input = QueueInput {
            code: self.code.trim().to_owned(),
            name: self.name.clone(),
            first_reply_seconds: number("first_reply_seconds", &self.first_reply_seconds),
            wrap_up_seconds: number("wrap_up_seconds", &self.wrap_up_seconds),
            ticket_weight: number("ticket_weight", &self.ticket_weight),
            rules: TalkRules {
                next_reply_seconds: number("next_reply_seconds", &self.next_reply_seconds),
                silent_grace_seconds: number("silent_grace_seconds", &self.silent_grace_seconds),
                silence_seconds: number("silence_seconds", &self.silence_seconds),
                wrap_up_extensions: number("wrap_up_extensions", &self.wrap_up_extensions),
                wrap_up_extension_seconds: number(
                    "wrap_up_extension_seconds",
                    &self.wrap_up_extension_seconds,
                ),
                reopen_days: number("reopen_days", &self.reopen_days),
            },
        };
        checks.done().map(|()| input)
    }
}

#[derive(Deserialize)]
struct EditQuery {
    /// The queue to be changed.
    edit: Option<String>,
}

#[get("/admin/queues")]
async fn queues_page(
    _caller: Admin,
    query: Query<EditQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let mut page = read(&state, layout).await?;
    let edited = page
        .queues
        .iter()
        .find(|queue| Some(&queue.code) == query.edit.as_ref());
    if let Some(queue) = edited {
        page.form = queue.into();
    }
    form_page(&page.faults, &page)
}

async fn read(state: &State, layout: Layout) -> Result<QueuesPage, crate::state::ReadFailed> {
    Ok(QueuesPage {
        layout: layout.titled("Queues"),
        tabs: tabs(PATH),
        queues: state.read(dispatch::queries::queues).await?,
        faults: Faults::default(),
        form: QueueForm::default(),
    })
}

#[post("/admin/queues")]
async fn save(
    caller: Admin,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<QueueForm>,
) -> PageResult {
    let outcome = match form.input() {
        Ok(input) => write(&caller, input).await,
        Err(invalid) => Err(invalid.into()),
    };
    match outcome {
        Ok(queue) => {
            let notice = format!("{} is saved; new tickets follow it.", queue.name);
            Ok(see_other_with_notice(PATH, &notice))
        }
        Err(error) => {
            let mut page = read(&state, layout).await?;
            (page.faults, page.form) = (Faults::of(error)?, form);
            form_page(&page.faults, &page)
        }
    }
}

async fn write(caller: &Caller, input: QueueInput) -> Result<Queue, dispatch::Error> {
    let db = caller.acting_db();
    db.write("save_queue", move |tx| workflows::save_queue(tx, &input))
        .await
}
