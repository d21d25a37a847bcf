//! The letters, and how they are rendered.

use askama::Template as _;

use crate::{Error, compose::check_line};

/// A rendered letter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// The address that it goes to.
    pub to: String,
    /// What it is about, in a line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// What it says, as HTML.
    pub html: String,
}

/// Something that can be rendered as a letter.
pub trait Template {
    /// The address that it goes to.
    fn to(&self) -> &str;
    /// The name of the person it greets.
    fn name(&self) -> &str;
    /// What it is about, in a line.
    fn subject(&self) -> String;
    /// What it says, as plain text.
    fn text(&self) -> Result<String, Error>;
    /// What it says, as HTML.
    fn html(&self) -> Result<String, Error>;

    /// Renders it. A name of several lines is refused, for it could say what we did not.
    fn letter(&self) -> Result<Letter, Error> {
        check_line("the name", self.name())?;
        Ok(Letter {
            to: self.to().to_owned(),
            subject: self.subject(),
            text: self.text()?,
            html: self.html()?,
        })
    }
}

/// Declares a letter: its fields besides `to` and `name`, its subject, and its two templates.
macro_rules! letter {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$field_meta:meta])* $field:ident: $type:ty, )* }
        subject |$letter:ident| $subject:expr;
        text $text:literal;
        html $html:literal;
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// The address of the person it goes to.
            pub to: String,
            /// That person's name.
            pub name: String,
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl Template for $name {
            fn to(&self) -> &str {
                &self.to
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn subject(&self) -> String {
                let $letter = self;
                $subject.into()
            }

            fn text(&self) -> Result<String, Error> {
                #[derive(askama::Template)]
                #[template(path = $text)]
                struct Text<'a> {
                    letter: &'a $name,
                }
                Ok(Text { letter: self }.render()?)
            }

            fn html(&self) -> Result<String, Error> {
                #[derive(askama::Template)]
                #[template(path = $html)]
                struct Html<'a> {
                    letter: &'a $name,
                }
                Ok(Html { letter: self }.render()?)
            }
        }
    };
}

letter! {
    /// The code that proves that an address is the applicant's.
    EmailCodeLetter {
        /// The code.
        code: String,
        /// For how many minutes it is valid.
        minutes: i64,
    }
    subject |letter| format!("{} is your code", letter.code);
    text "email_code/letter.txt";
    html "email_code/letter.html";
}

impl EmailCodeLetter {
    fn unit(&self) -> &'static str {
        if self.minutes == 1 {
            "minute"
        } else {
            "minutes"
        }
    }
}

letter! {
    /// Asks a customer whether they would like to become an agent.
    InvitationLetter {
        /// Where to apply.
        link: String,
        /// The last day to apply, as people read it.
        expires_on: String,
    }
    subject |_letter| "Would you like to help other customers?";
    text "invitation/letter.txt";
    html "invitation/letter.html";
}

letter! {
    /// Tells an applicant that they are an agent now.
    ApprovedLetter {
        /// Where to choose shifts.
        link: String,
    }
    subject |_letter| "Welcome: your application has been approved";
    text "approved/letter.txt";
    html "approved/letter.html";
}

letter! {
    /// Tells an applicant that they were not accepted, and why.
    RejectedLetter {
        /// The reason, as whoever decided wrote it; may have several lines.
        reason: String,
    }
    subject |_letter| "Your application";
    text "rejected/letter.txt";
    html "rejected/letter.html";
}

letter! {
    /// Tells an agent that a shift they committed to does not take place.
    ShiftCanceledLetter {
        /// When it was to start, as people in the agent's time zone read it.
        starts_at: String,
    }
    subject |letter| format!("Your shift on {} is cancelled", letter.starts_at);
    text "shift_canceled/letter.txt";
    html "shift_canceled/letter.html";
}
