//! Letters to a mail server, which may be kind, busy, strict or silent.

use std::{net::TcpListener, time::Instant};

use mail::{Error, Letter, Mailer, Settings};

use crate::support::{Sink, letter, sender};

#[test]
fn a_letter_reaches_the_mail_server_whole() {
    let sink = Sink::kind();
    sink.mailer().send(&letter(), "job_01").unwrap();
    let heard = sink.heard.lock().unwrap();
    assert!(
        heard
            .commands
            .contains(&"MAIL FROM:<desk@gigdesk.example>".to_owned())
    );
    assert!(
        heard
            .commands
            .contains(&"RCPT TO:<ada@example.org>".to_owned())
    );
    let [taken] = &heard.letters[..] else {
        panic!("{:?}", heard.letters)
    };
    assert!(taken.contains("Subject: 493817 is your code\n"), "{taken}");
    assert!(taken.contains("Hello Ada,"), "{taken}");
}

#[test]
fn a_letter_sent_again_has_the_same_message_id() {
    let sink = Sink::kind();
    let mailer = sink.mailer();
    mailer.send(&letter(), "job_01").unwrap();
    mailer.send(&letter(), "job_01").unwrap();
    let heard = sink.heard.lock().unwrap();
    assert_eq!(heard.letters.len(), 2);
    for taken in &heard.letters {
        assert!(
            taken.contains("Message-ID: <job_01@gigdesk.example>\n"),
            "{taken}"
        );
    }
}

#[test]
fn text_in_other_scripts_arrives() {
    let sink = Sink::kind();
    let text = Letter {
        subject: "Välkommen, Åsa — 你好".to_owned(),
        ..letter()
    };
    sink.mailer().send(&text, "job_01").unwrap();
    let heard = sink.heard.lock().unwrap();
    assert!(
        heard.letters[0].contains("Subject: =?utf-8?b?"),
        "{}",
        heard.letters[0]
    );
    assert!(heard.letters[0].is_ascii());
}

#[test]
fn a_mailer_signs_in_with_what_the_url_says() {
    let sink = Sink::kind();
    sink.mailer_with("desk:p%40ss@")
        .send(&letter(), "job_01")
        .unwrap();
    let heard = sink.heard.lock().unwrap();
    // The text is base64 of NUL desk NUL p@ss.
    assert!(
        heard
            .commands
            .contains(&"AUTH PLAIN AGRlc2sAcEBzcw==".to_owned())
    );
}

fn error_when(command: &'static str, reply: &'static str) -> Error {
    let sink = Sink::replying(command, reply);
    let error = sink.mailer().send(&letter(), "job_01").unwrap_err();
    assert!(matches!(error, Error::Smtp(_)), "{error:?}");
    error
}

#[test]
fn a_4xx_reply_is_worth_another_try() {
    for command in ["MAIL", "RCPT", "DATA", "."] {
        let error = error_when(command, "451 later, please");
        assert!(!error.is_permanent(), "{command}: {error:?}");
        assert!(error.to_string().contains("451"), "{error}");
    }
}

#[test]
fn a_5xx_reply_is_final() {
    for command in ["MAIL", "RCPT", "DATA", "."] {
        let error = error_when(command, "550 no such mailbox");
        assert!(error.is_permanent(), "{command}: {error:?}");
        assert!(error.to_string().contains("no such mailbox"), "{error}");
    }
}

#[test]
fn a_refused_sign_in_is_our_fault_and_not_the_letters() {
    let sink = Sink::replying("AUTH", "535 wrong password");
    let error = sink
        .mailer_with("desk:old@")
        .send(&letter(), "job_01")
        .unwrap_err();
    assert!(!error.is_permanent(), "{error:?}");
    assert!(!error_when("MAIL", "530 sign in first").is_permanent());
}

#[test]
fn a_server_that_does_not_answer_the_door_is_worth_another_try() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("smtp://{gone}");
    let mailer = Mailer::new(&Settings::Smtp {
        url,
        from: sender(),
    })
    .unwrap();
    let error = mailer.send(&letter(), "job_01").unwrap_err();
    assert!(
        matches!(error, Error::Smtp(_)) && !error.is_permanent(),
        "{error:?}"
    );
}

#[test]
fn a_silent_server_is_given_up_after_five_seconds() {
    let sink = Sink::silent();
    let start = Instant::now();
    let error = sink.mailer().send(&letter(), "job_01").unwrap_err();
    let waited = start.elapsed();
    assert!(!error.is_permanent(), "{error:?}");
    assert!((4..15).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn the_next_letter_goes_out_after_one_was_refused() {
    let sink = Sink::replying("RCPT TO:<eve", "550 no such mailbox");
    let mailer = sink.mailer();
    let refused = Letter {
        to: "eve@example.org".to_owned(),
        ..letter()
    };
    assert!(mailer.send(&refused, "job_01").unwrap_err().is_permanent());
    mailer.send(&letter(), "job_02").unwrap();
    assert_eq!(sink.heard.lock().unwrap().letters.len(), 1);
}
