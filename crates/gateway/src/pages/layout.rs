//! What surrounds every page: its title, the navigation, a notice.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::Role;

use super::{NOTICE_COOKIE, asset};
use crate::extract::{Caller, Credentials};

/// What surrounds a page. Handlers take one and give it a title; templates extend `layout.html`
/// and have it in a field called `layout`.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The page's name, for the browser's tab.
    pub title: String,
    /// Who is signed in.
    pub person: Option<Person>,
    /// What came of the form before.
    pub notice: Option<String>,
    path: String,
}

/// Who is signed in, as the page's head shows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A way to another page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    /// Where it leads.
    pub href: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Whether this page is there.
    pub is_current: bool,
}

impl Layout {
    /// The layout for this request.
    pub fn of(request: &HttpRequest) -> Self {
        let person = match request.extensions().get::<Credentials>() {
            Some(Credentials::Person(Caller {
                display_name, role, ..
            })) => Some(Person {
                name: display_name.clone(),
                role: *role,
            }),
            _ => None,
        };
        let path = request.path().to_owned();
        Self {
            title: String::new(),
            person,
            notice: notice(request),
            path,
        }
    }

    /// The same with a title.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..self
        }
    }

    /// The address of one of our files, for templates.
    pub fn asset(&self, file: &str) -> String {
        asset(file)
    }

    /// The navigation of whoever is signed in.
    pub fn ways(&self) -> Vec<Way> {
        let all = self
            .person
            .as_ref()
            .map_or(&[][..], |person| ways_of(person.role));
        // The longest address that the path begins with is where we are.
        let is_at = |href: &str| {
            self.path == href
                || self
                    .path
                    .strip_prefix(href)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let here = all
            .iter()
            .map(|(href, _)| *href)
            .filter(|href| is_at(href))
            .max_by_key(|h| h.len());
        all.iter()
            .map(|&(href, label)| Way {
                href,
                label,
                is_current: Some(href) == here,
            })
            .collect()
    }

    /// What the role is called.
    pub fn role_label(&self) -> &'static str {
        match self.person.as_ref().map(|person| person.role) {
            Some(Role::Applicant) => "Applicant",
            Some(Role::Agent) => "Agent",
            Some(Role::Supervisor) => "Supervisor",
            Some(Role::FinancePreparer) => "Finance · prepares",
            Some(Role::FinanceApprover) => "Finance · approves",
            Some(Role::Admin) => "Admin",
            None => "",
        }
    }
}

/// The pages of each role, in the order of a day.
const fn ways_of(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Applicant => &[("/join/checklist", "Checklist")],
        Role::Agent => &[
            ("/desk", "Desk"),
            ("/shifts", "Shifts"),
            ("/earnings", "Earnings"),
            ("/join/checklist", "Profile"),
        ],
        Role::Supervisor => &[
            ("/ops", "Live queue"),
            ("/ops/agents", "Applications"),
            ("/ops/shifts", "Shifts"),
            ("/ops/routing", "Routing"),
            ("/ops/customers", "Customers"),
        ],
        Role::Admin => &[
            ("/ops", "Live queue"),
            ("/ops/agents", "Applications"),
            ("/ops/shifts", "Shifts"),
            ("/ops/routing", "Routing"),
            ("/ops/customers", "Customers"),
            ("/admin", "Setup"),
        ],
        Role::FinancePreparer | Role::FinanceApprover => {
            &[("/finance", "Payout runs"), ("/finance/rates", "Rates")]
        }
    }
}

fn notice(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(NOTICE_COOKIE)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(cookie.value()).ok()?).ok()
}

impl FromRequest for Layout {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(path: &str) -> Option<&'static str> {
        let person = Person {
            name: "Ada".to_owned(),
            role: Role::Supervisor,
        };
        let layout = Layout {
            person: Some(person),
            path: path.to_owned(),
            ..Layout::default()
        };
        let ways = layout.ways();
        assert!(ways.iter().filter(|way| way.is_current).count() <= 1);
        ways.iter().find(|way| way.is_current).map(|way| way.label)
    }

    #[test]
    fn the_navigation_shows_where_one_is() {
        assert_eq!(current("/ops"), Some("Live queue"));
        assert_eq!(current("/ops/agents/agt_1"), Some("Applications"));
        assert_eq!(current("/opsy"), None);
    }

    #[test]
    fn a_stranger_has_no_navigation() {
        assert_eq!(Layout::default().ways(), []);
    }
}
