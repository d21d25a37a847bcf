//! Who is there: agents by id, and by what they can do.

use std::collections::HashMap;

use crate::{
    eligibility::Needs,
    fact::{Agent, Key},
};

/// The agents who are there, kept so that those with a skill or a language are found without
/// looking at everybody.
#[derive(Clone, Debug, Default)]
pub struct Room {
    places: Vec<Option<Agent>>,
    vacant: Vec<usize>,
    by_id: HashMap<Key, usize>,
    by_skill: HashMap<String, Vec<usize>>,
    by_language: HashMap<String, Vec<usize>>,
    /// How many are, or declared to know, a customer.
    knowing: HashMap<String, usize>,
    /// How many live in a household.
    living: HashMap<String, usize>,
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
                self.places[place] = Some(agent);
                return;
            }
        }
        self.leave(agent.id);
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        for skill in &agent.skills {
            let holders = self.by_skill.entry(skill.code.clone()).or_default();
            holders.push(place);
        }
        for language in &agent.languages {
            let speakers = self.by_language.entry(language.code.clone()).or_default();
            speakers.push(place);
        }
        for customer in known_to(&agent) {
            *self.knowing.entry(customer.clone()).or_default() += 1;
        }
        if let Some(household) = &agent.household {
            *self.living.entry(household.clone()).or_default() += 1;
        }
        self.by_id.insert(agent.id, place);
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
        let nobody: &[usize] = &[];
        let holders = needs
            .skills
            .iter()
            .map(|need| self.by_skill.get(&need.code).map_or(nobody, Vec::as_slice))
            .min_by_key(|holders| holders.len());
        let speakers = self.by_language.get(&needs.language.code);
        let speakers = speakers.map_or(nobody, Vec::as_slice);
        let fewest = holders
            .filter(|holders| holders.len() < speakers.len())
            .unwrap_or(speakers);
        fewest
            .iter()
            .filter_map(|place| self.places[*place].as_ref())
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

fn forget(index: &mut HashMap<String, Vec<usize>>, code: &str, place: usize) {
    if let Some(places) = index.get_mut(code) {
        if let Some(at) = places.iter().position(|known| *known == place) {
            places.swap_remove(at);
        }
        if places.is_empty() {
            index.remove(code);
        }
    }
}
