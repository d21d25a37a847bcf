//! The skills that can be tested.

use actix_web::{
    get,
    web::{Data, ServiceConfig},
};
use askama::Template;
use onboarding::Skill;

use super::{Tab, tabs};
use crate::{
    extract::Admin,
    pages::{Layout, PageResult, figures, html},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(skills_page);
}

#[derive(Template)]
#[template(path = "admin/skills.html")]
struct SkillsPage {
    layout: Layout,
    tabs: Vec<Tab>,
    skills: Vec<Skill>,
}

#[get("/admin/skills")]
async fn skills_page(_caller: Admin, state: Data<State>, layout: Layout) -> PageResult {
    html(&SkillsPage {
        layout: layout.titled("Skills"),
        tabs: tabs("/admin/skills"),
        skills: state.read(onboarding::skills).await?,
    })
}
