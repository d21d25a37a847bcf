//! Every page in a real browser: it opens without a complaint, at the width of a phone too, and
//! what is alive on it lives.

mod driver;

use std::{collections::BTreeSet, path::Path};

use serde_json::json;

use crate::support::{
    TestApp,
    company::token,
    floor::{Floor, id, link_token},
};
use driver::{Driver, Window};

/// Who opens which pages. What stands in braces is filled in.
const PAGES: [(&str, &[&str]); 6] = [
    (
        "",
        &[
            "/",
            "/sign-in",
            "/join",
            "/join?invitation={invitation}",
            "/dev/outbox",
            "/c/{token}",
        ],
    ),
    (
        "applicant",
        &["/join/checklist", "/join/assessments/{attempt}"],
    ),
    (
        "agent",
        &[
            "/desk",
            "/desk/engagements/{engagement}",
            "/shifts",
            "/contacts",
            "/earnings",
            "/join/checklist",
        ],
    ),
    (
        "supervisor",
        &[
            "/ops",
            "/ops/agents?status=submitted",
            "/ops/agents",
            "/ops/agents/{id}",
            "/ops/agents/{id}/working-time",
            "/ops/working-time",
            "/ops/shifts",
            "/ops/routing",
            "/ops/routing/{code}",
            "/ops/customers",
        ],
    ),
    (
        "admin",
        &[
            "/admin",
            "/admin/queues",
            "/admin/skills",
            "/admin/machine-keys",
            "/admin/agreement",
            "/admin/promises",
        ],
    ),
    (
        "finance",
        &["/finance", "/finance/runs/{id}", "/finance/rates"],
    ),
];

/// What is served at these is no page of its own.
const NO_PAGES: [&str; 4] = [
    "/assets/{file:.*}",
    "/ops/applications",
    "/ops/now",
    "/finance/runs/{id}/export.csv",
];

/// A company in which every page has something to show.
struct Day {
    emails: [(&'static str, String); 5],
    places: Vec<(&'static str, &'static str, String)>,
}

impl Day {
    async fn begin(app: &TestApp) -> Self {
        let floor = app.floor().await;
        let company = &floor.company;
        let (agent, applicant) = (floor.agent().await, company.applicant().await);
        let (reference, _) = company.customer().await;
        let body = json!({ "customer_ref": reference });
        let invited = company
            .supervisor
            .post("/api/v1/ops/invitations", &body)
            .await
            .json();
        let invitation = token(invited["link"].as_str().unwrap()).to_owned();
        let body = json!({ "skill": "refunds" });
        let attempt = applicant
            .post("/api/v1/application/attempts", &body)
            .await
            .json();
        let (first, second) = (
            floor.assistant.escalate("1").await,
            floor.assistant.escalate("2"),
        );
        let second = second.await;
        let mut engagements = Vec::new();
        for ticket in [&first, &second] {
            let offer = agent.offered(ticket).await;
            let accepted = agent.answer(&offer, "accept").await;
            let engagement = accepted.assert_status(200).json();
            let path = format!("/api/v1/engagements/{}", id(&engagement));
            agent
                .say(&path, "1", "Hello, how can I help?")
                .await
                .assert_status(201);
            engagements.push(engagement);
        }
        let path = format!("/api/v1/engagements/{}/resolve", id(&engagements[0]));
        let body = json!({ "disposition": "solved" });
        agent.post(&path, &body).await.assert_status(200);
        let preparer = app.finance_preparer().await;
        let body = json!({
            "period_start": "2026-01-01T00:00:00Z", "period_end": app.db.now(), "currency": "EUR",
        });
        let run = preparer
            .post("/api/v1/finance/payout-runs", &body)
            .await
            .json();
        floor.assistant.escalate("3").await;
        let owned = str::to_owned;
        Self {
            places: vec![
                ("", "{invitation}", invitation),
                ("", "{token}", owned(link_token(&second))),
                ("applicant", "{attempt}", owned(id(&attempt))),
                ("agent", "{engagement}", owned(id(&engagements[1]))),
                ("supervisor", "{id}", agent.id.clone()),
                ("supervisor", "{code}", "vip".to_owned()),
                ("finance", "{id}", owned(id(&run["run"]))),
            ],
            emails: [
                ("applicant", applicant.email.clone()),
                ("agent", agent.email.clone()),
                ("supervisor", company.supervisor.account.email.clone()),
                ("admin", company.admin.account.email.clone()),
                ("finance", preparer.account.email.clone()),
            ],
        }
    }

    /// The pages' addresses, with real ids, and the address with which their reader signs in.
    fn pages(&self) -> Vec<(Option<&str>, Vec<String>)> {
        let fill = |who: &str, page: &str| {
            let places = self.places.iter().filter(|(whose, ..)| *whose == who);
            places.fold(page.to_owned(), |page, (_, place, id)| {
                page.replace(place, id)
            })
        };
        let of = |(who, pages): &(&str, &[&str])| {
            let email = self.emails.iter().find(|(role, _)| role == who);
            let pages = pages.iter().map(|page| fill(who, page)).collect();
            (email.map(|(_, email)| &**email), pages)
        };
        PAGES.iter().map(of).collect()
    }
}

#[actix_web::test]
async fn every_page_opens_without_a_complaint_and_fits_a_phone() {
    let app = TestApp::at_work().await;
    let day = Day::begin(&app).await;
    let driver = Driver::start();
    let window = driver.open(&app.origin).await;
    for (email, pages) in day.pages() {
        if let Some(email) = email {
            window.sign_in(email).await;
        }
        for page in pages {
            window.size(390, 844).await;
            window.go(&page).await;
            assert_eq!(window.path().await, page, "it leads elsewhere");
            window.assert_sound(&page, 390).await;
            window.size(1280, 900).await;
            window.assert_sound(&page, 1280).await;
        }
        if email.is_some() {
            window.click("form[action='/sign-out'] button").await;
            window.until(".banner", "You are signed out.").await;
        }
    }
    window.close().await;
}

/// The control of the test above: a page that is not as it should be is noticed.
#[actix_web::test]
async fn control_a_page_that_is_too_wide_or_complains_is_noticed() {
    let app = TestApp::spawn().await;
    let driver = Driver::start();
    let window = driver.open(&app.origin).await;
    window.size(390, 844).await;
    window.go("/sign-in").await;
    window.assert_sound("/sign-in", 390).await;
    window
        .run("document.querySelector('h1').style.width = '500px'")
        .await;
    let faults = window.faults(390).await;
    assert!(
        faults.iter().any(|fault| fault.starts_with("too wide")),
        "{faults:?}"
    );
    window.go("/nowhere").await;
    let complaints = window.complaints().await;
    assert!(
        complaints.iter().any(|line| line.contains("404")),
        "{complaints:?}"
    );
    window.close().await;
}

#[test]
fn no_page_is_forgotten() {
    let mut routes = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let served = source
                .lines()
                .filter_map(|line| line.trim().strip_prefix("#[get(\""));
            routes.extend(served.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
    assert!(routes.len() >= 20, "{routes:?}");
    let opened = PAGES.iter().flat_map(|(_, pages)| pages.iter());
    let opened: BTreeSet<&str> = opened.copied().chain(NO_PAGES).collect();
    let forgotten: Vec<&String> = routes
        .iter()
        .filter(|route| !opened.contains(route.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "no browser opens {forgotten:?}");
}

/// An agent at the desk and a customer on a phone.
async fn meet(floor: &Floor<'_>, desk: &Window, phone: &Window) {
    desk.size(1280, 900).await;
    phone.size(390, 844).await;
    let agent = floor.company.agent().await;
    desk.sign_in(&agent.email).await;
    desk.until("h1", "Your desk").await;
    desk.click("#presence label.available").await;
    desk.until("#idle", "You are available").await;
    let ticket = floor.assistant.escalate("live").await;
    phone.go(&format!("/c/{}", link_token(&ticket))).await;
    phone.until("#waiting", "We have asked somebody").await;
    desk.until("#offers", "Lost card").await;
    desk.click("#offers [data-do=accept]").await;
    desk.until("#talk", "Kim").await;
    phone.until("#standing", "Ada is here for you").await;
}

#[actix_web::test]
async fn an_agent_and_a_customer_talk_in_their_browsers() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let driver = Driver::start();
    let (desk, phone) = (
        driver.open(&app.origin).await,
        driver.open(&app.origin).await,
    );
    meet(&floor, &desk, &phone).await;

    let secret = "My card 4111 1111 1111 1111 <b>is</b> gone";
    phone.write("#composer textarea", secret).await;
    phone.click("#composer .send").await;
    desk.until(
        ".bubble.customer .text",
        "My card card number hidden <b>is</b> gone",
    )
    .await;
    desk.write("#composer textarea", "Hello Kim, a new one is on its way.")
        .await;
    desk.click("#composer .send").await;
    phone
        .until(".bubble.agent .text", "Hello Kim, a new one is on its way.")
        .await;
    phone.assert_sound("the conversation", 390).await;

    desk.click("#end").await;
    desk.click("#end-dialog [value=yes]").await;
    desk.until("#wrap-up", "How did it end?").await;
    phone
        .until("#standing", "Ada has ended the conversation")
        .await;
    desk.click("#dispositions label:first-child").await;
    desk.click("#wrap-up .button").await;
    desk.until("#toasts", "You earned 3.10 EUR").await;
    phone.until("#rating", "How was it?").await;
    phone.click("label[for=star5]").await;
    phone.click("#rating .button").await;
    phone.until("#ended", "You gave 5 of 5 stars").await;
    for window in [&desk, &phone] {
        window.assert_no_complaints("the story").await;
    }
    desk.go("/earnings").await;
    desk.until("main", "3.10 EUR").await;
    app.database.assert_promises();
    desk.close().await;
    phone.close().await;
}

#[actix_web::test]
async fn a_desk_on_a_phone_keeps_up_when_the_session_ends() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let driver = Driver::start();
    let desk = driver.open(&app.origin).await;
    desk.size(390, 844).await;
    let agent = floor.company.agent().await;
    desk.sign_in(&agent.email).await;
    desk.click("#presence label.available").await;
    let ticket = floor.assistant.escalate("1").await;
    desk.until("#offers", "Lost card").await;
    desk.assert_sound("the desk with an offer", 390).await;
    desk.click("#offers summary").await;
    desk.click("#offers .menu-list button").await;
    desk.until("#toasts", "Declined").await;
    let waits = floor.assistant.ticket(&ticket).await;
    assert_eq!(waits["status"], "waiting");
    floor.assistant.escalate("2").await;
    desk.until("#offers", "Lost card").await;
    desk.click("#offers [data-do=accept]").await;
    desk.until("#talk", "Kim").await;
    desk.assert_sound("the desk with a conversation", 390).await;

    floor
        .company
        .decide(&agent, "suspend")
        .await
        .assert_status(200);

    desk.until("h1", "Welcome back").await;
    desk.close().await;
}
