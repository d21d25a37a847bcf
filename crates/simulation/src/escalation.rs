//! What the company's assistant hands over when it cannot go on by itself.

use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{caller::Caller, client::Failure, recruitment::token, script::Script, skills, stable};

/// What the platform answers.
#[derive(Clone, Debug, Deserialize)]
struct Answer {
    id: String,
    conversation_url: String,
}

/// A ticket, and the customer's link to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    /// The token of the signed link.
    pub(crate) token: String,
}

/// One conversation that is to be handed over. Everything in it follows from the script and the
/// name, so that the same words can be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Escalation {
    key: String,
    body: Value,
}

/// How it is handed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handover<'a> {
    pub(crate) source: &'a str,
    pub(crate) external_id: &'a str,
    pub(crate) is_vip: bool,
    /// How many of the customer's first turns the assistant has heard already, and when: in Unix
    /// seconds, where it is not as in the recording.
    pub(crate) heard: usize,
    pub(crate) heard_at: Option<i64>,
}

/// The queue for such a case.
pub(crate) fn queue(script: &Script, is_vip: bool) -> &'static str {
    match script.intent.as_str() {
        _ if is_vip => "vip",
        "bank" | "payment" => "billing",
        "hotel" | "plane" | "ride" | "travel" => "travel",
        _ => "general",
    }
}

/// What an agent must be able to do for it.
fn required_skill(queue: &str) -> &'static str {
    match queue {
        "billing" => skills::PAYMENTS,
        "travel" | "vip" => skills::BOOKINGS,
        _ => skills::CUSTOMER_CARE,
    }
}

fn reason(script: &Script, is_vip: bool) -> &'static str {
    match script.sub_intent.as_str() {
        "bank_fraud_report" | "fraud_fear" | "bereavement" | "installment_pause" => "emotional",
        _ if is_vip => "vip",
        _ => "complex",
    }
}

impl Escalation {
    pub(crate) fn new(script: &Script, handover: Handover<'_>) -> Self {
        let Handover {
            source,
            external_id,
            is_vip,
            heard,
            heard_at,
        } = handover;
        let queue = queue(script, is_vip);
        let subject = script.sub_intent.replace('_', " ");
        let short = script
            .customer_id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(6);
        let short: String = short.collect();
        let transcript: Vec<Value> = script
            .turns
            .iter()
            .take(heard)
            .map(|turn| {
                let at = DateTime::from_timestamp(heard_at.unwrap_or(turn.at), 0);
                let at = at.unwrap_or(DateTime::UNIX_EPOCH);
                json!({
                    "author": turn.side.author(), "body": turn.text,
                    "at": at.to_rfc3339_opts(SecondsFormat::Secs, true),
                })
            })
            .collect();
        let confidence = stable::pick("confidence", &script.source_id, 60);
        let body = json!({
            "source": source,
            "external_id": external_id,
            "customer": {
                "reference": script.customer_id,
                "tier": if is_vip { "vip" } else { "standard" },
                "locale": "en",
                "display_name":
                    script.customer_name.clone().unwrap_or(format!("Customer {short}")),
            },
            "queue": queue,
            "language": "en",
            "required_skills": [required_skill(queue)],
            "reason": reason(script, is_vip),
            "summary": script.summary.clone().unwrap_or(format!(
                "The assistant could not finish this by itself: {subject}."
            )),
            "intent": script.sub_intent,
            "confidence": format!("0.{confidence:02}"),
            "transcript": transcript,
        });
        Self {
            key: format!("{source}/{external_id}"),
            body,
        }
    }

    /// Hands it over; doing so again gives the same ticket.
    pub(crate) async fn send(&self, assistant: &Caller) -> Result<Ticket, Failure> {
        let answer: Answer = assistant
            .post_once("/escalations", &self.key, &self.body)
            .await?;
        Ok(Ticket {
            id: answer.id,
            token: token(&answer.conversation_url).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;

    fn handover(external_id: &str, is_vip: bool) -> Handover<'_> {
        Handover {
            source: "demo",
            external_id,
            is_vip,
            heard: 1,
            heard_at: Some(0),
        }
    }

    #[test]
    fn the_same_case_is_handed_over_in_the_same_words() {
        let script = &script::demo().unwrap()[0];
        let (one, two) = (
            Escalation::new(script, handover("demo:1@7", false)),
            Escalation::new(script, handover("demo:1@7", false)),
        );
        assert_eq!((&one.key, &one.body), (&two.key, &two.body));
        assert_eq!(one.body["queue"], "billing");
        assert_eq!(one.body["required_skills"], json!(["payments"]));
        assert_eq!(one.body["transcript"][0]["author"], "customer");
        assert_eq!(one.body["transcript"][0]["at"], "1970-01-01T00:00:00Z");
        assert_eq!(one.body["transcript"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn only_general_cases_can_be_done_with_customer_care_alone() {
        for script in script::demo().unwrap() {
            let is_vip = script.intent == "vip";
            let body = Escalation::new(&script, handover("x", is_vip)).body;
            let is_general = body["queue"] == "general";
            assert_eq!(
                body["required_skills"][0] == skills::CUSTOMER_CARE,
                is_general
            );
            assert!(is_general || body["queue"] != "general");
        }
    }

    #[test]
    fn a_loss_is_an_emotional_case() {
        let scripts = script::demo().unwrap();
        let loss = scripts
            .iter()
            .find(|script| script.sub_intent == "bereavement")
            .unwrap();
        assert_eq!(
            Escalation::new(loss, handover("x", false)).body["reason"],
            "emotional"
        );
    }
}
