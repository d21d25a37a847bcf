//! The front door, signing in on a page, error pages, files.

use chrono::TimeDelta;
use gateway::pages::{asset, home_of};
use kernel::Role;

use crate::support::{Answer, PASSWORD, TestApp};

#[actix_web::test]
async fn a_stranger_is_told_what_this_is() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let page = stranger.get("/").await;
    page.assert_page(200, "Your best customers already have the answers.");
}

#[actix_web::test]
async fn everybody_begins_at_their_own_page() {
    let app = TestApp::spawn().await;
    for role in Role::ALL {
        let browser = app.browser(&app.account(*role).await).await;
        for path in ["/", "/sign-in"] {
            let answer = browser.get(path).await.assert_status(303);
            assert_eq!(answer.header("location"), home_of(*role));
        }
    }
}

#[actix_web::test]
async fn a_page_session_is_kept_where_no_script_and_no_other_site_reaches_it() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Admin).await;
    let browser = app.browser(&account).await;
    let form = [
        ("email", account.email.as_str()),
        ("password", PASSWORD),
        ("next", "/ops/shifts"),
    ];

    let answer = browser
        .post_form("/sign-in", &form)
        .await
        .assert_status(303);

    assert_eq!(answer.header("location"), "/ops/shifts");
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-gigdesk=ey"), "{cookie}");
    for part in [
        "; HttpOnly",
        "; Secure",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=43200",
    ] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[actix_web::test]
async fn a_page_session_lasts_twelve_hours() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Admin).await).await;
    app.db
        .clock()
        .advance(TimeDelta::hours(12) - TimeDelta::minutes(1));
    browser.get("/api/v1/me").await.assert_status(200);
    app.db.clock().advance(TimeDelta::minutes(2));
    browser
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn after_signing_in_nobody_is_led_away() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Agent).await;
    let browser = app.browser(&account).await;
    let form = [
        ("email", &*account.email),
        ("password", PASSWORD),
        ("next", "//evil.example"),
    ];
    let answer = browser
        .post_form("/sign-in", &form)
        .await
        .assert_status(303);
    assert_eq!(answer.header("location"), "/desk");
}

#[actix_web::test]
async fn a_wrong_password_is_said_calmly_and_the_address_stays() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Agent).await;
    let browser = app.browser(&account).await;
    let form = [
        ("email", &*account.email),
        ("password", "not the password"),
        ("next", "/desk?a=b"),
    ];

    let page = browser
        .post_form("/sign-in", &form)
        .await
        .assert_page(401, "Welcome back");

    assert!(page.body.contains("do not belong together"));
    assert!(page.body.contains(&account.email));
    assert!(page.body.contains("/desk?a=b"));
    assert!(!page.body.contains("not the password"));
    assert_eq!(page.header("set-cookie"), "");
}

#[actix_web::test]
async fn what_is_typed_is_shown_as_text() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Agent).await).await;
    let form = [
        ("email", "\"><script>alert(1)</script>"),
        ("password", "x"),
        ("next", ""),
    ];
    let page = browser
        .post_form("/sign-in", &form)
        .await
        .assert_page(422, "Welcome back");
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(page.body.contains("aria-invalid"));
}

#[actix_web::test]
async fn too_many_wrong_passwords_are_said_on_the_page() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Agent).await;
    let browser = app.browser(&account).await;
    let form = [("email", &*account.email), ("password", "not the password")];
    for _ in 0..10 {
        browser
            .post_form("/sign-in", &form)
            .await
            .assert_status(401);
    }
    let page = browser
        .post_form("/sign-in", &form)
        .await
        .assert_page(429, "Welcome back");
    assert!(page.body.contains("15 minutes"), "{}", page.body);
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_says_so_once() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Agent).await).await;

    let answer = browser.post_form("/sign-out", &[]).await.assert_status(303);

    browser
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    let cookies: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap())
        .collect();
    assert!(
        cookies.iter().any(|c| c.starts_with("__Host-gigdesk=;")),
        "{cookies:?}"
    );
    let notice = cookies
        .iter()
        .find(|c| c.starts_with("__Host-gigdesk-notice="))
        .unwrap();
    let notice = notice.split(';').next().unwrap();
    let page = app
        .client
        .get(format!("{}/sign-in", app.origin))
        .header("cookie", notice);
    let page = Answer::to(page).await.assert_page(200, "Welcome back");
    assert!(page.body.contains("You are signed out."));
    assert!(
        page.header("set-cookie")
            .starts_with("__Host-gigdesk-notice=;")
    );
}

#[actix_web::test]
async fn who_is_not_signed_in_is_led_to_sign_in() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let request = stranger.request(reqwest::Method::POST, "/sign-out");
    let answer = Answer::to(request.header("sec-fetch-site", "same-origin")).await;
    assert_eq!(answer.assert_status(303).header("location"), "/sign-in");
}

#[actix_web::test]
async fn an_unknown_page_is_answered_with_a_page() {
    let app = TestApp::spawn().await;
    app.stranger()
        .get("/nowhere")
        .await
        .assert_page(404, "There is nothing here");
    let browser = app.browser(&app.account(Role::Supervisor).await).await;
    let page = browser
        .get("/nowhere")
        .await
        .assert_page(404, "There is nothing here");
    assert!(
        page.body.contains("Live queue"),
        "who is signed in keeps the navigation"
    );
    browser
        .post_form("/", &[])
        .await
        .assert_page(405, "That did not work");
    browser
        .get("/dev/outbox%00")
        .await
        .assert_page(400, "That did not work");
}

#[actix_web::test]
async fn a_broken_form_is_answered_with_a_page() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Agent).await).await;
    let incomplete = browser
        .post_form("/sign-in", &[("email", "ada@example.com")])
        .await;
    incomplete.assert_page(422, "Something is not right yet");
    let nul = [("email", "a\0@example.com"), ("password", "x")];
    browser
        .post_form("/sign-in", &nul)
        .await
        .assert_page(422, "Something is not right yet");
    let large = "x".repeat(10 << 20);
    let large = [("email", "ada@example.com"), ("password", large.as_str())];
    browser
        .post_form("/sign-in", &large)
        .await
        .assert_page(413, "That is too much at once");
    let json = browser.post("/sign-in", &serde_json::json!({})).await;
    json.assert_page(415, "That did not work");
}

#[actix_web::test]
async fn no_page_holds_a_script_or_a_style_of_its_own() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Agent).await).await;
    for path in ["/sign-in", "/", "/nowhere", "/dev/outbox"] {
        for page in [app.stranger().get(path).await, browser.get(path).await] {
            for inline in ["<script>", "<style", " style=", " onclick="] {
                assert!(!page.body.contains(inline), "{path}: {inline}");
            }
        }
    }
}

#[actix_web::test]
async fn a_file_is_kept_by_its_content() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let current = stranger.get(&asset("gigdesk.css")).await.assert_status(200);
    assert!(current.header("content-type").starts_with("text/css"));
    assert!(current.header("cache-control").contains("immutable"));
    assert_eq!(current.header("x-content-type-options"), "nosniff");

    let other = stranger
        .get("/assets/gigdesk.css?v=old")
        .await
        .assert_status(200);
    assert_eq!(other.header("cache-control"), "no-cache");
    let again = stranger.request(reqwest::Method::GET, "/assets/gigdesk.css");
    let again = Answer::to(again.header("if-none-match", other.header("etag"))).await;
    again.assert_status(304);
    for missing in [
        "/assets/nothing.css",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
    ] {
        stranger
            .get(missing)
            .await
            .assert_page(404, "There is nothing here");
    }
}

#[actix_web::test]
async fn letters_can_be_read_on_ones_own_machine_only() {
    let app = TestApp::spawn().await;
    app.stranger()
        .get("/dev/outbox")
        .await
        .assert_page(200, "Outbox");
    let outbox = app.directory.path().join("outbox");
    std::fs::create_dir_all(&outbox).unwrap();
    let letter = "To: ada@example.com\r\nSubject: Your code\r\n\r\nIt is 123456.";
    std::fs::write(outbox.join("job_1.eml"), letter).unwrap();
    let page = app
        .stranger()
        .get("/dev/outbox")
        .await
        .assert_page(200, "Outbox");
    assert!(page.body.contains("It is 123456.") && page.body.contains("ada@example.com"));

    for settings in [
        ["--public-url", "https://desk.example"],
        ["--mail-url", "smtp://localhost"],
    ] {
        let app = TestApp::spawn_with(&settings).await;
        app.stranger()
            .get("/dev/outbox")
            .await
            .assert_page(404, "There is nothing here");
    }
}
