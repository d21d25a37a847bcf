//! Who may take what.

use proptest::prelude::*;
use routing::{
    Floor, Needs, Objection, Policy, RelaxationStep,
    fact::{Admitted, Presence},
    objection,
};

use crate::world::{NOW, agent, any_ticket, level, ticket};

fn refusal(
    change: impl FnOnce(&mut routing::fact::Ticket, &mut routing::fact::Agent),
) -> &'static str {
    let (mut ticket, mut agent) = (ticket(10, 5), agent(1));
    change(&mut ticket, &mut agent);
    let needs = Needs::of(&ticket, &Policy::default(), NOW);
    objection(&ticket, &needs, &agent).map_or("none", |objection| objection.code())
}

#[test]
fn each_reason_is_named() {
    assert_eq!(refusal(|_, _| ()), "none");
    assert_eq!(refusal(|_, a| a.is_active = false), "inactive");
    assert_eq!(
        refusal(|_, a| a.agreement_current = false),
        "agreement_missing"
    );
    assert_eq!(refusal(|_, a| a.presence = Presence::Away), "absent");
    assert_eq!(refusal(|_, a| a.presence = Presence::Offline), "absent");
    assert_eq!(refusal(|_, a| a.presence = Presence::Unstable), "unstable");
    let elsewhere = Admitted::AllBut(vec!["vip".to_owned()]);
    assert_eq!(refusal(|_, a| a.admitted = elsewhere), "not_admitted");
    assert_eq!(refusal(|_, a| a.seconds_left = Some(299)), "out_of_time");
    assert_eq!(refusal(|_, a| a.seconds_left = Some(300)), "none");
    assert_eq!(
        refusal(|t, a| t.customer.clone_from(&a.customer)),
        "own_ticket"
    );
    let home = Some("h".to_owned());
    assert_eq!(
        refusal(|t, a| (t.household, a.household) = (home.clone(), home)),
        "household"
    );
    assert_eq!(
        refusal(|t, a| a.contacts.push(t.customer.clone())),
        "declared_contact"
    );
    assert_eq!(refusal(|t, _| t.language.level = 5), "language");
    assert_eq!(
        refusal(|t, _| t.language.code = "de".to_owned()),
        "language"
    );
    assert_eq!(refusal(|t, _| t.skills[0].level = 4), "skill");
    assert_eq!(refusal(|_, a| a.free.total = 0), "at_capacity");
    assert_eq!(refusal(|_, a| a.free.chat = 0), "channel_full");
    assert_eq!(refusal(|t, _| t.weight = 3), "at_capacity");
    assert_eq!(refusal(|t, a| t.declined_by.push(a.id)), "declined");
}

fn relaxing() -> Policy {
    Policy {
        relaxation: vec![
            RelaxationStep {
                after_seconds: 60,
                skill_levels: 1,
                ..RelaxationStep::default()
            },
            RelaxationStep {
                after_seconds: 120,
                skill_levels: 4,
                language_levels: 4,
                drop_skills: vec!["trip".to_owned(), "pay".to_owned()],
            },
        ],
        floor: Floor {
            skill_level: 2,
            language_level: 3,
            skills: vec!["pay".to_owned()],
        },
        overflow: Some(routing::Overflow {
            queue: "care".to_owned(),
            after_seconds: 90,
        }),
        ..Policy::default()
    }
}

#[test]
fn a_ticket_asks_for_less_the_longer_it_waits_down_to_the_floor() {
    let at = |seconds| {
        let mut asked = ticket(10, seconds);
        asked.skills = vec![level("trip", 5), level("pay", 4), level("care", 1)];
        asked.language = level("en", 5);
        let needs = Needs::of(&asked, &relaxing(), NOW);
        let skills: Vec<String> = needs
            .skills
            .iter()
            .map(|need| format!("{}{}", need.code, need.level))
            .collect();
        (skills.join(" "), needs.language.level, needs.queues.len())
    };
    assert_eq!(at(59), ("care1 pay4 trip5".to_owned(), 5, 1));
    assert_eq!(at(60), ("care1 pay3 trip4".to_owned(), 5, 1));
    assert_eq!(at(90), ("care1 pay3 trip4".to_owned(), 5, 2));
    // `trip` is dropped, `pay` is on the floor, and no level goes below it.
    assert_eq!(at(120), ("care1 pay2".to_owned(), 3, 2));
}

proptest! {
    #[test]
    fn relaxation_never_asks_for_more_and_never_goes_below_the_floor(asked in any_ticket()) {
        let policy = relaxing();
        let needs = Needs::of(&asked, &policy, NOW);
        prop_assert_eq!(&needs.language.code, &asked.language.code);
        prop_assert!(needs.language.level <= asked.language.level);
        let floor = policy.floor.language_level.min(asked.language.level);
        prop_assert!(needs.language.level >= floor);
        for need in &asked.skills {
            let now = needs.skills.iter().find(|kept| kept.code == need.code);
            match now {
                None => prop_assert!(!policy.floor.skills.contains(&need.code)),
                Some(kept) => {
                    prop_assert!(kept.level <= need.level);
                    prop_assert!(kept.level >= policy.floor.skill_level.min(need.level));
                }
            }
        }
    }
}

#[test]
fn an_objection_is_one_sentence_in_words() {
    let needed = level("pay", 3);
    let words = Objection::Skill { needed }.to_string();
    assert_eq!(words, "it needs the skill pay at level 3");
}
