//! Who is there: agents by id, and by what they can do.

use std::collections::HashMap;

use crate::{
    eligibility::Needs,
    fact::{Agent, Key, Level},
};

/// The agents who are there, kept so that those with a skill or a language are found without
/// looking at everybody.
#[derive(Clone, Debug, Default)]
pub struct Room {
    places: Vec<Option<Agent>>,
    cards: Vec<Card>,
    vacant: Vec<usize>,
    by_id: HashMap<Key, usize>,
    by_skill: HashMap<String, Vec<Holder>>,
    by_language: HashMap<String, Vec<Holder>>,
    /// How many are, or declared to know, a customer.
    knowing: HashMap<String, usize>,
    /// How many live in a household.
    living: HashMap<String, usize>,
}

/// Somebody with a skill or a language: at which place, and at which level.
#[derive(Clone, Copy, Debug)]
struct Holder {
    place: usize,
    level: i64,
}

/// What can be told of an agent without looking at their lists. Cards lie side by side, so that
/// many are looked through in the time in which a few agents are.
#[derive(Clone, Copy, Debug)]
struct Card {
    id: Key,
    free: i64,
    idle_since: i64,
    worked_minutes: i64,
    best_skill: i64,
    best_language: i64,
}

impl Card {
    fn of(agent: &Agent) -> Self {
        let best = |levels: &[Level]| levels.iter().map(|held| held.level).max().unwrap_or(0);
        Self {
            id: agent.id,
            free: agent.free.total,
            idle_since: agent.idle_since,
            worked_minutes: agent.worked_minutes,
            best_skill: best(&agent.skills),
            best_language: best(&agent.languages),
        }
    }
}

/// An agent at a glance: nothing about them is better than this.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// Who.
    pub id: Key,
    /// The sum of the levels in the skills that are needed, at most.
    pub skill_levels: i64,
    /// The level in the language, at most.
    pub language_level: i64,
    /// Units free.
    pub free: i64,
    /// Since when they have had nothing to do.
    pub idle_since: i64,
    /// Minutes worked today.
    pub worked_minutes: i64,
}

/// Which list is the shortest that holds everybody who comes into question.
enum Rarest<'r> {
    Skill(&'r [Holder]),
    Language(&'r [Holder]),
}

impl<'r> Rarest<'r> {
    const fn holders(&self) -> &'r [Holder] {
        match self {
            Self::Skill(holders) | Self::Language(holders) => holders,
        }
    }
}

impl Room {
    /// An empty room.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many agents are there.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The agent with this id.
    pub fn get(&self, id: Key) -> Option<&Agent> {
        self.by_id
            .get(&id)
            .and_then(|place| self.places.get(*place)?.as_ref())
    }

    /// Everybody, in no particular order.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.places.iter().flatten()
    }

    /// Lets an agent in, or takes note of what changed about them.
    pub fn enter(&mut self, agent: Agent) {
        let known = self.by_id.get(&agent.id).copied();
        if let Some(place) = known {
            let is_indexed_the_same = self.places[place].as_ref().is_some_and(|before| {
                before.skills == agent.skills
                    && before.languages == agent.languages
                    && before.contacts == agent.contacts
                    && before.customer == agent.customer
                    && before.household == agent.household
            });
            if is_indexed_the_same {
                self.cards[place] = Card::of(&agent);
                self.places[place] = Some(agent);
                return;
            }
        }
        self.leave(agent.id);
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.cards.push(Card::of(&agent));
            self.places.len() - 1
        });
        for Level { code, level } in &agent.skills {
            let level = *level;
            let holders = self.by_skill.entry(code.clone()).or_default();
            holders.push(Holder { place, level });
        }
        for Level { code, level } in &agent.languages {
            let level = *level;
            let speakers = self.by_language.entry(code.clone()).or_default();
            speakers.push(Holder { place, level });
        }
        for customer in known_to(&agent) {
            *self.knowing.entry(customer.clone()).or_default() += 1;
        }
        if let Some(household) = &agent.household {
            *self.living.entry(household.clone()).or_default() += 1;
        }
        self.by_id.insert(agent.id, place);
        self.cards[place] = Card::of(&agent);
        self.places[place] = Some(agent);
    }

    /// Lets an agent go; nothing where they are not there.
    pub fn leave(&mut self, id: Key) -> Option<Agent> {
        let place = self.by_id.remove(&id)?;
        let agent = self.places[place].take()?;
        self.vacant.push(place);
        for skill in &agent.skills {
            forget(&mut self.by_skill, &skill.code, place);
        }
        for language in &agent.languages {
            forget(&mut self.by_language, &language.code, place);
        }
        for customer in known_to(&agent) {
            count_down(&mut self.knowing, customer);
        }
        if let Some(household) = &agent.household {
            count_down(&mut self.living, household);
        }
        Some(agent)
    }

    /// How many agents at most have a conflict of interest with a customer.
    pub fn related(&self, customer: &str, household: Option<&str>) -> usize {
        let living = household.and_then(|household| self.living.get(household));
        self.knowing.get(customer).copied().unwrap_or(0) + living.copied().unwrap_or(0)
    }

    /// Those who come into question for these needs: everybody with the rarest of the skills, or
    /// else with the language. Who is not among them objects in any case.
    pub fn with_rarest(&self, needs: &Needs) -> impl Iterator<Item = &Agent> {
        let rarest = self.rarest(needs).holders().iter();
        rarest.filter_map(|holder| self.places[holder.place].as_ref())
    }

    /// The same at a glance.
    pub fn glances(&self, needs: &Needs) -> impl Iterator<Item = Glance> {
        let rarest = self.rarest(needs);
        let is_skill = matches!(rarest, Rarest::Skill(_));
        let asked = i64::try_from(needs.skills.len()).unwrap_or(i64::MAX);
        rarest.holders().iter().map(move |holder| {
            let card = &self.cards[holder.place];
            let (known, skill, language) = if is_skill {
                (1, holder.level, card.best_language)
            } else {
                (0, 0, holder.level)
            };
            Glance {
                id: card.id,
                skill_levels: skill + card.best_skill * (asked - known),
                language_level: language,
                free: card.free,
                idle_since: card.idle_since,
                worked_minutes: card.worked_minutes,
            }
        })
    }

    fn rarest(&self, needs: &Needs) -> Rarest<'_> {
        let nobody: &[Holder] = &[];
        let holders = needs
            .skills
            .iter()
            .map(|need| self.by_skill.get(&need.code).map_or(nobody, Vec::as_slice))
            .min_by_key(|holders| holders.len());
        let speakers = self.by_language.get(&needs.language.code);
        let speakers = speakers.map_or(nobody, Vec::as_slice);
        match holders {
            Some(holders) if holders.len() < speakers.len() => Rarest::Skill(holders),
            _ => Rarest::Language(speakers),
        }
    }
}

fn known_to(agent: &Agent) -> impl Iterator<Item = &String> {
    std::iter::once(&agent.customer).chain(&agent.contacts)
}

fn count_down(counts: &mut HashMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}

fn forget(index: &mut HashMap<String, Vec<Holder>>, code: &str, place: usize) {
    if let Some(holders) = index.get_mut(code) {
        if let Some(at) = holders.iter().position(|known| known.place == place) {
            holders.swap_remove(at);
        }
        if holders.is_empty() {
            index.remove(code);
        }
    }
}
