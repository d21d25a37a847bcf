//! The people of the simulated marketplace. All are invented; their addresses end in `.example`,
//! which belongs to nobody.

use std::fmt::Write as _;

use crate::stable;

/// The demo's directory of customers: those who become agents, those who apply, and some who
/// might.
pub(crate) const DIRECTORY: &str = include_str!("../marketplace/customers.csv");
const HEADER: &str = "customer_ref,email,display_name,tier,customer_since,country,household_ref";

const FIRST_NAMES: [&str; 24] = [
    "Aino", "Bela", "Clara", "Dario", "Edda", "Finn", "Greta", "Hugo", "Ida", "Janne", "Kaja",
    "Lars", "Mara", "Nils", "Oda", "Paul", "Runa", "Sven", "Tilda", "Uwe", "Vera", "Wim", "Ylva",
    "Zora",
];
const LAST_NAMES: [&str; 25] = [
    "Ahlberg",
    "Bergmann",
    "Castell",
    "Dahlke",
    "Engström",
    "Forsell",
    "Gruber",
    "Hellmann",
    "Isaksson",
    "Jansen",
    "Krogh",
    "Lindahl",
    "Moberg",
    "Nygaard",
    "Ostermann",
    "Pichler",
    "Quist",
    "Rosendal",
    "Steiner",
    "Thorn",
    "Ullrich",
    "Vestergaard",
    "Winkler",
    "Zeller",
    "Åkesson",
];
/// Country, time zone, language spoken beside English, street, postcode, city.
const HOMES: [[&str; 6]; 4] = [
    [
        "SE",
        "Europe/Stockholm",
        "sv",
        "Björkgatan",
        "753 10",
        "Uppsala",
    ],
    [
        "DE",
        "Europe/Berlin",
        "de",
        "Lindenstraße",
        "04109",
        "Leipzig",
    ],
    ["AT", "Europe/Vienna", "de", "Ahornweg", "5020", "Salzburg"],
    ["DK", "Europe/Copenhagen", "", "Bøgevej", "5000", "Odense"],
];

/// A customer who becomes an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Person {
    pub(crate) customer_ref: String,
    pub(crate) email: String,
    pub(crate) display_name: String,
    tier: String,
    customer_since: String,
    country: String,
    household_ref: String,
    /// Makes their account number and house number.
    number: u64,
}

impl Person {
    /// Somebody of the demo's directory, by their place in it.
    pub(crate) fn of_the_demo(index: usize) -> Option<Self> {
        let line = DIRECTORY.lines().nth(index + 1)?;
        let mut fields = line.split(',').map(ToOwned::to_owned);
        Some(Self {
            customer_ref: fields.next()?,
            email: fields.next()?,
            display_name: fields.next()?,
            tier: fields.next()?,
            customer_since: fields.next()?,
            country: fields.next()?,
            household_ref: fields.next()?,
            number: u64::try_from(index).ok()? + 1,
        })
    }

    /// One of any number of agents who play recorded conversations.
    pub(crate) fn numbered(index: usize) -> Self {
        let number = index + 1;
        let first = FIRST_NAMES[index % FIRST_NAMES.len()];
        // The two lengths have no common divisor, so that 600 people have different names.
        let last = LAST_NAMES[index % LAST_NAMES.len()];
        Self {
            customer_ref: format!("A-{number:04}"),
            email: format!("agent-{number:04}@agents.gigdesk.example"),
            display_name: format!("{first} {last}"),
            tier: "gold".to_owned(),
            customer_since: "2015-06-01".to_owned(),
            country: HOMES[index % HOMES.len()][0].to_owned(),
            household_ref: format!("HA-{number:04}"),
            number: u64::try_from(number).unwrap_or_default() + 1_000_000,
        }
    }

    fn home(&self) -> [&'static str; 6] {
        let found = HOMES.into_iter().find(|home| home[0] == self.country);
        found.unwrap_or(HOMES[0])
    }

    /// What they fill in about themselves.
    pub(crate) fn profile(&self) -> serde_json::Value {
        let [_, time_zone, second, ..] = self.home();
        let languages: Vec<&str> = ["en", second]
            .into_iter()
            .filter(|language| !language.is_empty())
            .collect();
        serde_json::json!({
            "display_name": self.display_name, "time_zone": time_zone, "languages": languages,
        })
    }

    /// Where they want to be paid.
    pub(crate) fn payout_details(&self) -> anyhow::Result<serde_json::Value> {
        let [country, _, _, street, postcode, city] = self.home();
        let account = 10_000_000 + self.number * 7919;
        let iban = crate::iban::iban(country, account)
            .ok_or_else(|| anyhow::anyhow!("no account numbers are known for {country}"))?;
        let building = stable::pick("building", &self.email, 98) + 1;
        Ok(serde_json::json!({
            "name": self.display_name, "street": street, "building": building.to_string(),
            "postcode": postcode, "city": city, "country": country, "iban": iban,
        }))
    }
}

/// A directory of these people, for the company to import.
pub(crate) fn directory<'a>(people: impl IntoIterator<Item = &'a Person>) -> String {
    let mut csv = format!("{HEADER}\n");
    for p in people {
        let _ = writeln!(
            csv,
            "{},{},{},{},{},{},{}",
            p.customer_ref,
            p.email,
            p.display_name,
            p.tier,
            p.customer_since,
            p.country,
            p.household_ref
        );
    }
    csv
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_is_somebody_else_and_can_be_paid() {
        let demo = (0..).map_while(Person::of_the_demo);
        let people: Vec<_> = demo.chain((0..600).map(Person::numbered)).collect();
        assert_eq!(people.len(), 612);
        let distinct =
            |field: fn(&Person) -> String| people.iter().map(field).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|p| p.customer_ref.clone()), people.len());
        assert_eq!(distinct(|p| p.email.clone()), people.len());
        assert_eq!(distinct(|p| p.display_name.clone()), people.len());
        assert_eq!(
            distinct(|p| p.payout_details().unwrap()["iban"].to_string()),
            people.len()
        );
    }

    #[test]
    fn the_demos_directory_is_one_that_can_be_imported() {
        assert_eq!(DIRECTORY.lines().next(), Some(HEADER));
        let people: Vec<_> = (0..).map_while(Person::of_the_demo).collect();
        assert_eq!(directory(&people), DIRECTORY);
        assert!(people.iter().all(|p| p.email.ends_with(".example")));
    }

    #[test]
    fn everybody_speaks_english() {
        for person in (0..8).map(Person::numbered) {
            assert_eq!(person.profile()["languages"][0], "en");
        }
        assert_eq!(Person::numbered(0).profile()["languages"][1], "sv");
        assert_eq!(
            Person::numbered(3).profile()["languages"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}
