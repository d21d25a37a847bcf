//! Staff, machine keys, queues, the agreement, the promises.

use kernel::Role;

use super::{assert_says, fault, location};
use crate::support::TestApp;

#[actix_web::test]
async fn colleagues_get_accounts_and_lose_them() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Admin).await;
    let admin = app.browser(&account).await;
    let mut form = [
        ("display_name", "Lo"),
        ("email", "Lo@Example.com"),
        ("role", "agent"),
        ("password", "three grey geese"),
    ];
    let page = admin.post_form("/admin/accounts", &form).await;
    let page = page.assert_page(422, "Setup");
    assert_eq!(fault(&page, "role"), "Must be chosen.");
    assert_says(&page, &["Lo@Example.com"]);
    assert!(
        !page.body.contains("three grey geese"),
        "a password is not sent back"
    );

    form[2].1 = "supervisor";
    let answer = admin.post_form("/admin/accounts", &form).await;
    assert_eq!(location(&answer), "/admin");
    let page = admin.post_form("/admin/accounts", &form).await;
    page.assert_page(409, "Setup");

    let page = admin.get("/admin").await;
    assert_says(&page, &["lo@example.com", ">you<"]);
    let (_, rest) = page
        .body
        .split_once("action=\"/admin/accounts/acc_")
        .unwrap();
    let path = format!("/admin/accounts/acc_{}", rest.split_once('"').unwrap().0);
    assert!(
        !path.contains(&account.id.to_string()),
        "nobody suspends themself"
    );
    assert_eq!(location(&admin.post_form(&path, &[]).await), "/admin");
    assert_says(&admin.get("/admin").await, &["Suspended"]);
    let path = path.replace("suspend", "reinstate");
    assert_eq!(location(&admin.post_form(&path, &[]).await), "/admin");
    assert!(!admin.get("/admin").await.body.contains("Suspended"));

    let own = format!("/admin/accounts/{}/suspend", account.id);
    let refused = admin.post_form(&own, &[]).await;
    assert_says(
        &refused.assert_page(403, "This is not open to you"),
        &["another admin"],
    );
}

#[actix_web::test]
async fn a_machine_keys_secret_is_shown_once() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let path = "/admin/machine-keys";
    let long = "x".repeat(101);
    let page = admin.post_form(path, &[("name", &long)]).await;
    let page = page.assert_page(422, "Setup");
    assert!(fault(&page, "name").contains("at most 100"));
    assert_says(&page, &[&format!("value=\"{long}\"")]);

    let page = admin.post_form(path, &[("name", "Assistant")]).await;
    let page = page.assert_page(200, "Setup");
    let (_, rest) = page.body.split_once(">gdk_").unwrap();
    let secret = format!("gdk_{}", rest.split_once('<').unwrap().0);
    let machine = app.bearer(&secret);
    machine
        .get("/api/v1/tickets/tkt_00000000000000000000000000000000")
        .await
        .assert_problem(404, "ticket_not_found");
    let page = admin.get(path).await;
    assert!(!page.body.contains("gdk_"), "{}", page.body);

    let (_, rest) = page
        .body
        .split_once("action=\"/admin/machine-keys/")
        .unwrap();
    let revoke = format!("{path}/{}", rest.split_once('"').unwrap().0);
    assert_eq!(location(&admin.post_form(&revoke, &[]).await), path);
    assert_says(&admin.get(path).await, &["Revoked"]);
    machine
        .get("/api/v1/tickets/tkt_00000000000000000000000000000000")
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn a_queue_is_made_and_changed() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let mut form = [
        ("code", "VIP!"),
        ("name", "Very important"),
        ("first_reply_seconds", "1"),
        ("wrap_up_seconds", "60"),
        ("ticket_weight", "1"),
        ("next_reply_seconds", "240"),
        ("silent_grace_seconds", "60"),
        ("silence_seconds", "1800"),
        ("wrap_up_extensions", "11"),
        ("wrap_up_extension_seconds", "60"),
        ("reopen_days", "7"),
    ];
    let page = admin.post_form("/admin/queues", &form).await;
    let page = page.assert_page(422, "Setup");
    assert!(fault(&page, "wrap_up_extensions").contains("0 to 10"));
    assert!(fault(&page, "code").contains("a-z"));
    assert!(fault(&page, "first_reply_seconds").contains("5 to 86400"));
    assert_says(&page, &["value=\"VIP!\"", "value=\"Very important\""]);

    (form[0].1, form[2].1, form[8].1) = ("vip", "90", "3");
    let answer = admin.post_form("/admin/queues", &form).await;
    assert_eq!(location(&answer), "/admin/queues");
    let page = admin.get("/admin/queues?edit=vip").await;
    assert_says(
        &page,
        &["Change vip", "1 min 30 s", "value=\"90\"", "value=\"240\""],
    );
}

#[actix_web::test]
async fn an_agreement_is_published_with_the_line_breaks_it_has() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let path = "/admin/agreement";
    let page = admin
        .post_form(path, &[("title", "Terms"), ("body", "")])
        .await;
    let page = page.assert_page(422, "Setup");
    assert_eq!(fault(&page, "body"), "Must not be empty.");
    assert_says(&page, &["value=\"Terms\""]);

    let form = [("title", "Terms"), ("body", "Be kind.\r\nBe brief.")];
    assert_eq!(location(&admin.post_form(path, &form).await), path);
    assert_says(
        &admin.get(path).await,
        &["Version 1, in force", "Be kind.\nBe brief."],
    );
}

#[actix_web::test]
async fn the_promises_are_checked_when_somebody_asks() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let unchecked = admin.get("/admin/promises").await.assert_status(200);
    assert!(!unchecked.body.contains("promises hold"));
    let count = db::verify::promises().len();
    let page = admin.get("/admin/promises?check=now").await;
    assert_says(&page, &[&format!("All {count} promises hold")]);
}
