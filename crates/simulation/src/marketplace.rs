//! Sets up a marketplace through the public API, as the people of the company would: staff,
//! skills, queues, rates, shifts, and agents who apply and are approved. What is there already is
//! left as it is.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Days, NaiveTime, Utc};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use crate::{
    caller::{Caller, Credentials},
    client::{Api, Body, Failure},
    letters::Outbox,
    people::{self, Person},
    recruitment::{Goal, Recruiter, Wish},
    skills,
};

const AGREEMENT: &str = include_str!("../marketplace/agreement.md");
/// How many days ahead there are shifts.
const DAYS_AHEAD: u64 = 7;
/// The hours of a day's shifts, in UTC.
const SHIFTS: [(u32, u32); 3] = [(6, 12), (12, 18), (18, 22)];
/// How many of the demo's people work as agents of their own accord.
const REGULARS: usize = 3;

/// Code, name, seconds to the first reply, seconds for wrap-up; then
/// what is paid for an engagement and for a minute.
const QUEUES: [(&str, &str, u32, u32, &str, &str); 4] = [
    ("vip", "VIP care", 60, 300, "2.00", "0.55"),
    ("billing", "Payments and refunds", 120, 300, "1.20", "0.45"),
    ("travel", "Bookings and travel", 120, 300, "1.20", "0.45"),
    ("general", "General care", 180, 300, "0.90", "0.40"),
];

/// Which platform, and how to get in.
#[derive(Clone, Debug)]
pub struct Target {
    /// Such as `http://127.0.0.1:8080`.
    pub base_url: String,
    /// The first admin, who has been there from the start.
    pub admin_email: String,
    /// Their password.
    pub admin_password: String,
    /// The directory in which the platform leaves its letters: our people read theirs there.
    pub outbox: PathBuf,
}

/// What the marketplace shall have.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How many agents play recorded conversations. They have all skills.
    pub agents: usize,
    /// Whether somebody wants to look around: then there are also an agent for that person to
    /// sign in as, three agents who work by themselves in the queue `general`, and applicants
    /// at various stages.
    pub for_demo: bool,
    /// The password of everybody whom we create.
    pub password: String,
}

/// A marketplace that is open for work.
#[derive(Clone, Debug)]
pub struct Marketplace {
    /// With this the company's assistant escalates conversations.
    pub machine_key: String,
    /// The first admin.
    pub admin: Credentials,
    /// Sees to the agents and to the floor.
    pub supervisor: Credentials,
    /// Prepares what is paid out.
    pub finance_preparer: Credentials,
    /// Approves it.
    pub finance_approver: Credentials,
    /// The agent for a person to sign in as: with all skills. Only in a demo.
    pub visitor: Option<Credentials>,
    /// The agents who work by themselves in the queue `general`. Only in a demo.
    pub regulars: Vec<Credentials>,
    /// The agents who play recorded conversations.
    pub agents: Vec<Credentials>,
}

/// The staff of the marketplace, each calling for themselves.
struct Staff {
    admin: Caller,
    supervisor: Arc<Caller>,
    finance_preparer: Caller,
}

/// A list as the API gives it, in pages.
#[derive(Deserialize)]
pub(crate) struct Listing<T> {
    pub(crate) items: Vec<T>,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// Reads a list to its end.
pub(crate) async fn whole<T: serde::de::DeserializeOwned>(
    caller: &Caller,
    path: &str,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let place = after
            .map(|next: String| format!("&after={next}"))
            .unwrap_or_default();
        let page: Listing<T> = caller.get(&format!("{path}{mark}limit=100{place}")).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

/// Sets it up, or finds it set up; `tell` is told what is being done.
pub async fn set_up(
    target: &Target,
    wanted: &Wanted,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> anyhow::Result<Marketplace> {
    let api = Api::new(&target.base_url)?;
    let admin = Credentials {
        email: target.admin_email.clone(),
        password: target.admin_password.clone(),
        display_name: "Admin".to_owned(),
    };
    let employee = |email: &str, name: &str| Credentials {
        email: format!("{email}@demo.gigdesk.example"),
        password: wanted.password.clone(),
        display_name: name.to_owned(),
    };
    let mut marketplace = Marketplace {
        machine_key: String::new(),
        admin,
        supervisor: employee("supervisor", "Sanna Ritter"),
        finance_preparer: employee("preparer", "Philipp Auer"),
        finance_approver: employee("approver", "Annika Bruun"),
        visitor: None,
        regulars: Vec::new(),
        agents: Vec::new(),
    };
    let staff = Staff {
        admin: Caller::person(&api, &marketplace.admin),
        supervisor: Arc::new(Caller::person(&api, &marketplace.supervisor)),
        finance_preparer: Caller::person(&api, &marketplace.finance_preparer),
    };
    tell("staff accounts");
    hire(&staff.admin, &marketplace).await?;
    let name = if wanted.for_demo {
        "demo assistant"
    } else {
        "replay assistant"
    };
    marketplace.machine_key = machine_key(&staff.admin, name).await?;
    let now = api.now().await?;
    open(&staff, now, tell).await?;
    recruit(&api, &staff, (target, wanted), &mut marketplace, tell).await?;
    let agents = marketplace.visitor.iter().chain(&marketplace.agents);
    publish_shifts(
        &api,
        &staff,
        agents.chain(&marketplace.regulars).next(),
        now,
    )
    .await?;
    Ok(marketplace)
}

/// Creates the staff accounts that are missing.
async fn hire(admin: &Caller, marketplace: &Marketplace) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Account {
        email: String,
    }
    let there: Vec<Account> = whole(admin, "/admin/accounts")
        .await
        .context("the first admin cannot sign in")?;
    let there: HashSet<String> = there.into_iter().map(|account| account.email).collect();
    let staff = [
        (&marketplace.supervisor, "supervisor"),
        (&marketplace.finance_preparer, "finance_preparer"),
        (&marketplace.finance_approver, "finance_approver"),
    ];
    for (person, role) in staff {
        if there.contains(&person.email) {
            continue;
        }
        let body = json!({
            "email": person.email, "display_name": person.display_name,
            "password": person.password, "role": role,
        });
        admin.post::<IgnoredAny>("/admin/accounts", &body).await?;
    }
    Ok(())
}

/// A new key: an old one cannot be read again, so those of the same name are withdrawn.
async fn machine_key(admin: &Caller, name: &str) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Key {
        id: String,
        name: String,
        #[serde(default)]
        status: Option<String>,
    }
    #[derive(Deserialize)]
    struct NewKey {
        secret: String,
    }
    let keys: Vec<Key> = whole(admin, "/admin/machine-keys").await?;
    for key in keys {
        if key.name == name && key.status.as_deref() != Some("revoked") {
            let path = format!("/admin/machine-keys/{}", key.id);
            admin
                .call::<IgnoredAny>(reqwest::Method::DELETE, &path, Body::Nothing)
                .await?;
        }
    }
    let key: NewKey = admin
        .post("/admin/machine-keys", &json!({ "name": name }))
        .await?;
    Ok(key.secret)
}

/// Puts in place what work needs: skills, agreement, queues and, last of all, rates. Where there
/// are rates everything has been put in place before, and may have been changed since.
async fn open(
    staff: &Staff,
    now: DateTime<Utc>,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> anyhow::Result<()> {
    let cards: Vec<IgnoredAny> = whole(&staff.finance_preparer, "/finance/rate-cards").await?;
    if !cards.is_empty() {
        return Ok(());
    }
    tell("skills, agreement, queues, rates");
    for bank in skills::banks()? {
        let path = format!("/admin/skills/{}", bank.code);
        staff
            .admin
            .put::<IgnoredAny>(&path, &serde_json::to_value(&bank)?)
            .await?;
    }
    let agreement = json!({ "title": "Agreement for independent agents", "body": AGREEMENT });
    staff
        .admin
        .post::<IgnoredAny>("/admin/agreements", &agreement)
        .await?;
    let mut rates = Vec::new();
    for (code, name, first_reply, wrap_up, per_engagement, per_minute) in QUEUES {
        let queue = json!({
            "name": name, "first_reply_seconds": first_reply,
            "wrap_up_seconds": wrap_up, "ticket_weight": 1,
        });
        staff
            .admin
            .put::<IgnoredAny>(&format!("/admin/queues/{code}"), &queue)
            .await?;
        rates.push(json!({
            "queue": code, "per_engagement": per_engagement, "per_minute": per_minute,
            "minimum_seconds": 60,
        }));
    }
    let card = json!({
        "name": "Opening rates", "currency": "EUR", "valid_from": now, "rates": rates,
    });
    staff
        .finance_preparer
        .post::<IgnoredAny>("/finance/rate-cards", &card)
        .await?;
    Ok(())
}

/// Recruits whoever is missing.
async fn recruit(
    api: &Api,
    staff: &Staff,
    (target, wanted): (&Target, &Wanted),
    marketplace: &mut Marketplace,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> anyhow::Result<()> {
    let all = || skills::ALL.to_vec();
    let mut wishes = Vec::new();
    if wanted.for_demo {
        let goals = [
            (Goal::Agent, all()),
            (Goal::Agent, vec![skills::CUSTOMER_CARE]),
            (Goal::Agent, vec![skills::CUSTOMER_CARE]),
            (Goal::Agent, vec![skills::CUSTOMER_CARE]),
            (Goal::Submitted, all()),
            (Goal::Submitted, vec![skills::CUSTOMER_CARE]),
            (Goal::HalfWay, Vec::new()),
        ];
        for (index, (goal, skills)) in goals.into_iter().enumerate() {
            let Some(person) = Person::of_the_demo(index) else {
                bail!("the demo's directory has too few people");
            };
            wishes.push(Wish {
                person,
                goal,
                skills,
            });
        }
    }
    let of_the_demo = wishes.len();
    let numbered = (0..wanted.agents).map(Person::numbered);
    wishes.extend(numbered.map(|person| Wish {
        person,
        goal: Goal::Agent,
        skills: all(),
    }));
    let outbox = Outbox::new(target.outbox.clone());
    let recruiter = Recruiter::new(api, &staff.supervisor, outbox, &wanted.password).await?;
    let unknown = |wish: &&Wish| !recruiter.knows(&wish.person);
    let (demo, numbered) = wishes.split_at(of_the_demo);
    if demo.iter().any(|wish| unknown(&wish)) {
        import(staff, people::DIRECTORY).await?;
    }
    let numbered: Vec<&Person> = numbered.iter().filter(unknown).map(|w| &w.person).collect();
    if !numbered.is_empty() {
        import(staff, &people::directory(numbered)).await?;
    }
    let mut people = recruiter.recruit(wishes, tell).await?;
    marketplace.agents = people.split_off(of_the_demo);
    let mut demo = people.into_iter().take(1 + REGULARS);
    marketplace.visitor = demo.next();
    marketplace.regulars = demo.collect();
    Ok(())
}

/// Tells the platform who the company's customers are.
async fn import(staff: &Staff, csv: &str) -> anyhow::Result<()> {
    let post = reqwest::Method::POST;
    staff
        .supervisor
        .call::<IgnoredAny>(post, "/ops/customers", Body::Csv(csv))
        .await?;
    Ok(())
}

/// Publishes shifts for the days to come on which there are none. What there is, an agent sees.
async fn publish_shifts(
    api: &Api,
    staff: &Staff,
    agent: Option<&Credentials>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Shift {
        starts_at: DateTime<Utc>,
    }
    let Some(agent) = agent else { return Ok(()) };
    let agent = Caller::person(api, agent);
    let there: Vec<Shift> = whole(&agent, "/shifts").await?;
    let last = there.iter().map(|shift| shift.starts_at.date_naive()).max();
    for ahead in 1..=DAYS_AHEAD {
        let Some(day) = now.date_naive().checked_add_days(Days::new(ahead)) else {
            break;
        };
        if last.is_some_and(|last| day <= last) {
            continue;
        }
        for (queue, ..) in QUEUES {
            for (from, until) in SHIFTS {
                let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).map(|at| day.and_time(at));
                let (Some(from), Some(until)) = (at(from), at(until)) else {
                    continue;
                };
                let body = json!({
                    "queue": queue, "starts_at": from.and_utc(), "ends_at": until.and_utc(),
                    "seats": if queue == "vip" { 2 } else { 4 },
                });
                staff
                    .supervisor
                    .post::<IgnoredAny>("/ops/shifts", &body)
                    .await?;
            }
        }
    }
    Ok(())
}
