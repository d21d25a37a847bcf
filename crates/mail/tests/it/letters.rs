//! What the letters say, and what cannot be smuggled into them.

use mail::{
    ApprovedLetter, Error, InvitationLetter, Letter, Mailer, RejectedLetter, Settings,
    ShiftCanceledLetter, Template,
};

use crate::support::{code_letter, letter, sender};

const LINK: &str = "https://desk.example/apply?token=a&next=b";

fn memory() -> Mailer {
    Mailer::new(&Settings::Memory { from: sender() }).unwrap()
}

/// One of each.
fn all(name: &str) -> Vec<Letter> {
    let (to, name, link) = (
        "ada@example.org".to_owned(),
        name.to_owned(),
        LINK.to_owned(),
    );
    let letters: [&dyn Template; 5] = [
        &code_letter(&name),
        &InvitationLetter {
            to: to.clone(),
            name: name.clone(),
            link: link.clone(),
            expires_on: "30 November 2026".to_owned(),
        },
        &ApprovedLetter {
            to: to.clone(),
            name: name.clone(),
            link,
        },
        &RejectedLetter {
            to: to.clone(),
            name: name.clone(),
            reason: "Because.".to_owned(),
        },
        &ShiftCanceledLetter {
            to,
            name,
            starts_at: "Monday, 23 November, 09:00".to_owned(),
        },
    ];
    letters
        .iter()
        .map(|letter| letter.letter().unwrap())
        .collect()
}

#[test]
fn every_letter_greets_by_name_says_what_it_is_about_and_is_small() {
    for letter in all("Ada Ek") {
        assert!(
            letter.text.starts_with("Hello Ada Ek,\n\n"),
            "{}",
            letter.text
        );
        assert!(
            letter.text.contains("\n\nKind regards,\nGigdesk"),
            "{}",
            letter.text
        );
        assert!(
            letter.html.contains("<p>Hello Ada Ek,</p>"),
            "{}",
            letter.html
        );
        assert!(
            (1..=78).contains(&letter.subject.len()),
            "{}",
            letter.subject
        );
        assert!(letter.html.len() < 2_000, "{}", letter.html.len());
        let longest = letter.text.lines().map(str::len).max().unwrap();
        assert!(longest <= 100, "{}", letter.text);
        for remote in ["<img", "<script", "<link", "url("] {
            assert!(!letter.html.contains(remote), "{}", letter.html);
        }
    }
}

#[test]
fn a_name_cannot_bring_markup_into_a_letter() {
    for letter in all("<b onclick='x'>\"Ada\" & Co</b>") {
        assert!(!letter.html.contains("<b "), "{}", letter.html);
        assert!(letter.html.contains("&#38; Co"), "{}", letter.html);
        assert!(
            letter.text.contains("\"Ada\" & Co"),
            "the text must not be escaped"
        );
    }
}

#[test]
fn a_link_and_a_reason_are_escaped_too() {
    let invitation = &all("Ada")[1];
    assert!(invitation.text.contains(LINK));
    assert!(
        invitation
            .html
            .contains("href=\"https://desk.example/apply?token=a&#38;next=b\"")
    );
    let reason = "We need <more> practice.\nTry again in spring.".to_owned();
    let rejected = RejectedLetter {
        to: "a@b.example".to_owned(),
        name: "Ada".to_owned(),
        reason,
    };
    let letter = rejected.letter().unwrap();
    assert!(
        letter.text.contains("<more> practice.\nTry again"),
        "{}",
        letter.text
    );
    assert!(
        letter
            .html
            .contains("&#60;more&#62; practice.<br/>Try again"),
        "{}",
        letter.html
    );
}

#[test]
fn the_code_stands_in_its_letter_with_its_minutes() {
    let mut letter = code_letter("Ada");
    let rendered = letter.letter().unwrap();
    assert!(rendered.subject.contains("493817"));
    assert!(rendered.text.contains("493817") && rendered.text.contains("15 minutes"));
    assert!(rendered.html.contains("493817") && rendered.html.contains("15 minutes"));
    letter.minutes = 1;
    assert!(letter.letter().unwrap().text.contains("1 minute."));
}

#[test]
fn the_memory_keeps_what_was_sent_for_all_its_clones() {
    let mailer = memory();
    mailer.clone().send(&letter(), "job_1").unwrap();
    assert_eq!(mailer.sent(), [letter()]);
}

#[test]
fn nothing_of_several_lines_becomes_a_header() {
    for evil in [
        "x\nBcc: eve@example.org",
        "x\r\n\r\nHello",
        "x\rBcc: e",
        "x\0",
        "x\u{2028}y",
    ] {
        let error = code_letter(evil).letter().unwrap_err();
        assert!(matches!(error, Error::NotOneLine("the name")), "{error:?}");
        let (mailer, mut subject, mut address) = (memory(), letter(), letter());
        subject.subject = evil.to_owned();
        address.to = format!("ada@example.org{evil}");
        for (letter, id) in [(subject, "job_1"), (address, "job_1"), (letter(), evil)] {
            let error = mailer.send(&letter, id).unwrap_err();
            assert!(error.is_permanent(), "{error:?}");
        }
        assert!(mailer.sent().is_empty());
    }
}

#[test]
fn what_is_no_address_is_refused_for_good() {
    let long = format!("{}@example.org", "a".repeat(300));
    for to in [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "a@b.c, d@e.f",
        &long,
    ] {
        let error = memory()
            .send(
                &Letter {
                    to: to.to_owned(),
                    ..letter()
                },
                "job_1",
            )
            .unwrap_err();
        assert!(
            matches!(error, Error::Address(_)) && error.is_permanent(),
            "{to}: {error:?}"
        );
    }
}

#[test]
fn an_id_cannot_leave_its_directory() {
    let long = "a".repeat(101);
    for id in ["", "../up", "a/b", "a.b", "a b", "é", &long] {
        let error = memory().send(&letter(), id).unwrap_err();
        assert!(
            matches!(error, Error::Id) && error.is_permanent(),
            "{id}: {error:?}"
        );
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let smtp = |url: &str, from: &str| Settings::Smtp {
        url: url.to_owned(),
        from: from.to_owned(),
    };
    for settings in [
        smtp("http://mail.example", "desk@gigdesk.example"),
        smtp("mail.example", "desk@gigdesk.example"),
        smtp("smtp://mail.example?tls=perhaps", "desk@gigdesk.example"),
        smtp("smtps://mail.example", "nobody"),
        Settings::Memory {
            from: "Desk\nBcc: eve <desk@gigdesk.example>".to_owned(),
        },
    ] {
        let refused = Mailer::new(&settings).err();
        assert!(
            matches!(refused, Some(Error::Settings(_))),
            "{settings:?}: {refused:?}"
        );
    }
    for url in [
        "smtps://u:p@mail.example",
        "smtp://u:p@mail.example:587?tls=required",
    ] {
        Mailer::new(&smtp(url, "desk@gigdesk.example")).unwrap();
    }
}

#[test]
fn settings_do_not_show_their_password() {
    let url = "smtps://desk:hunter2@mail.example".to_owned();
    let shown = format!(
        "{:?}",
        Settings::Smtp {
            url,
            from: sender()
        }
    );
    assert!(
        shown.contains("desk@gigdesk.example") && !shown.contains("hunter2"),
        "{shown}"
    );
}
