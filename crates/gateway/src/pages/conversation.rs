//! The conversation, as the customer sees it: behind a signed link, without an account.

use actix_web::{
    get,
    http::StatusCode,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use dispatch::{Author, TicketStatus};
use kernel::PAGE_LIMIT;

use super::{Layout, PageResult, html, html_with_status};
use crate::{
    api::{ConversationView, MessageView},
    problem::ApiError,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(conversation_page);
}

#[derive(Template)]
#[template(path = "conversation/conversation.html")]
struct ConversationPage {
    layout: Layout,
    token: String,
    now: String,
    view: ConversationView,
    messages: Vec<Said>,
}

/// A message as the page shows it.
struct Said {
    author: &'static str,
    name: String,
    body: String,
}

impl Said {
    fn new(message: MessageView, agent: Option<&str>) -> Self {
        let name = match message.author {
            Author::Customer => "You",
            Author::Agent => agent.unwrap_or("Agent"),
            Author::Assistant => "Assistant",
            Author::Platform => "",
        };
        Self {
            author: message.author.as_str(),
            name: name.to_owned(),
            body: message.body,
        }
    }
}

impl ConversationPage {
    /// Where the conversation stands, for who reads it without scripts.
    fn standing(&self) -> String {
        let agent = self.view.agent_name.as_deref().unwrap_or("Somebody");
        match self.view.status {
            TicketStatus::Waiting => match self.view.queue_position {
                None | Some(0) => "You are next.".to_owned(),
                Some(1) => "One person is before you.".to_owned(),
                Some(more) => format!("{more} people are before you."),
            },
            TicketStatus::Offered => "We have found somebody; one moment.".to_owned(),
            TicketStatus::Engaged => format!("{agent} is here for you."),
            TicketStatus::Wrapping | TicketStatus::Resolved => {
                "This conversation has ended.".to_owned()
            }
            TicketStatus::Returned => "The assistant goes on with this conversation.".to_owned(),
            TicketStatus::Expired => {
                "We could not find anybody in time. We are sorry, and will come back to you."
                    .to_owned()
            }
            TicketStatus::Abandoned => "You left this conversation.".to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "conversation/gone.html")]
struct GonePage {
    layout: Layout,
}

#[get("/c/{token}")]
async fn conversation_page(state: Data<State>, layout: Layout, token: Path<String>) -> PageResult {
    let (token, now) = (token.into_inner(), state.db.now());
    let layout = layout.titled("Your conversation");
    let Ok(id) = state.links.open(&token, now) else {
        return html_with_status(StatusCode::NOT_FOUND, &GonePage { layout });
    };
    let view = ConversationView::look(&state, id).await?;
    let latest = i64::from(view.message_count) - PAGE_LIMIT;
    let after = i32::try_from(latest.max(0)).unwrap_or(0);
    let messages = state.read(move |conn| dispatch::queries::messages_after(conn, id, after));
    let messages = messages.await.map_err(ApiError::from)?;
    let agent = view.agent_name.clone();
    let said = |message| Said::new(MessageView::from(message), agent.as_deref());
    html(&ConversationPage {
        layout,
        token,
        now: now.to_rfc3339(),
        view,
        messages: messages.into_iter().map(said).collect(),
    })
}
