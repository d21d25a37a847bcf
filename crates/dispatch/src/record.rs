//! What runs of the matcher knew and decided, kept so that each offer can be explained and each
//! run replayed.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::MatchRecordId;
use routing::{ENGINE, Inputs, Outcome};
use sha2::{Digest as _, Sha256};

use crate::{error::Error, schema::match_records, store};

/// One run of the matcher.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct MatchRecord {
    /// Its id.
    pub id: MatchRecordId,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// By which engine; see [`ENGINE`].
    pub engine: i32,
    /// `exact`, or `bounded` where the total may be some points below the best.
    pub mode: String,
    /// SHA-256 of `inputs`.
    pub inputs_sha256: Vec<u8>,
    /// All that was known, as JSON.
    pub inputs: String,
    /// What was decided, as JSON.
    pub outcome: String,
}

/// What became of a replay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replayed {
    /// The same, bit for bit.
    Same,
    /// The inputs are not those that were stored.
    InputsAltered,
    /// The same inputs have another outcome now.
    OutcomeDiffers,
    /// It was decided by another engine, which this program does not have.
    OtherEngine,
}

impl MatchRecord {
    /// What was known and decided.
    pub fn read(&self) -> Result<(Inputs, Outcome), Error> {
        let unreadable = |error: serde_json::Error| Error::RecordUnreadable {
            record: self.id,
            cause: error.to_string(),
        };
        Ok((
            serde_json::from_str(&self.inputs).map_err(unreadable)?,
            serde_json::from_str(&self.outcome).map_err(unreadable)?,
        ))
    }

    /// Decides again, and compares.
    pub fn replay(&self) -> Result<Replayed, Error> {
        if Sha256::digest(&self.inputs).as_slice() != self.inputs_sha256 {
            return Ok(Replayed::InputsAltered);
        }
        if self.engine != ENGINE {
            return Ok(Replayed::OtherEngine);
        }
        let (inputs, _) = self.read()?;
        let again = to_json(self.id, &routing::decide(&inputs))?;
        Ok(if again == self.outcome {
            Replayed::Same
        } else {
            Replayed::OutcomeDiffers
        })
    }
}

impl MatchRecord {
    /// Of a run that was decided now.
    pub(crate) fn new(
        id: MatchRecordId,
        inputs: &Inputs,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let text = to_json(id, inputs)?;
        let mode = match outcome.epsilon {
            0 => "exact",
            _ => "bounded",
        };
        Ok(Self {
            id,
            decided_at: now,
            engine: inputs.engine,
            mode: mode.to_owned(),
            inputs_sha256: Sha256::digest(&text).to_vec(),
            inputs: text,
            outcome: to_json(id, outcome)?,
        })
    }
}

fn to_json(record: MatchRecordId, value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::RecordUnreadable {
        record,
        cause: error.to_string(),
    })
}

/// How long runs are kept. Offers stay; they lose their explanation.
const KEPT: chrono::TimeDelta = chrono::TimeDelta::days(30);
/// How many old runs one call deletes.
const PRUNE: i64 = 10_000;

/// Forgets runs past their time, and says how many.
pub fn prune(tx: &mut Tx<'_>) -> QueryResult<usize> {
    let limit = tx.now() - KEPT;
    store::delete_match_records(tx, limit, PRUNE)
}
