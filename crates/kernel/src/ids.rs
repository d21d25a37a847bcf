//! The one list of ids. An id is a UUIDv7: `uuid` in SQL, `off_0190…` as text.

/// The text is not an id of this kind.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be an id such as {prefix}_ followed by 32 hexadecimal digits")]
pub struct IdError {
    prefix: &'static str,
}

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident = $prefix:literal; )+) => { $(
        $(#[$meta])*
        #[derive(
            Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, greater than those made before it in this process.
            #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
            #[expect(clippy::new_without_default, reason = "a default id would hide a random value")]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            /// The bare value, for a signature or a hash.
            pub const fn uuid(self) -> uuid::Uuid {
                self.0
            }

            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(uuid::Uuid::from_bytes(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| uuid::Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::to_sql(
                    &self.0, out,
                )
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                diesel::deserialize::FromSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::from_sql(
                    value,
                )
                .map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9a-f]{32}$")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+ };
}

ids! {
    /// Somebody who can sign in.
    AccountId = "acc";
    /// A customer who applies, and later works, as an agent.
    AgentId = "agt";
    /// One try at an assessment.
    AttemptId = "att";
    /// An agent's promise to work a shift.
    CommitmentId = "com";
    /// A ticket that nobody could be found for.
    DeadLetterId = "dlt";
    /// An accepted ticket in one agent's hands.
    EngagementId = "eng";
    /// A journal entry.
    EntryId = "ent";
    /// A piece of work for the worker.
    JobId = "job";
    /// An account of the ledger.
    LedgerAccountId = "led";
    /// An earning line.
    LineId = "lin";
    /// A key with which a machine calls the API.
    MachineKeyId = "key";
    /// What one run of the matcher knew and decided.
    MatchRecordId = "mrc";
    /// One ticket put to one agent.
    OfferId = "off";
    /// What one payout run pays to one agent.
    PayoutItemId = "itm";
    /// A payout run.
    PayoutRunId = "run";
    /// A price list.
    RateCardId = "rat";
    /// A sign-in that lasts.
    SessionId = "ses";
    /// A published period of work.
    ShiftId = "shf";
    /// An escalated conversation.
    TicketId = "tkt";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = OfferId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().starts_with("off_"));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!(TicketId::new().to_string().parse::<OfferId>().is_err());
        assert!("off_".parse::<OfferId>().is_err());
        assert!("off_0190-c2".parse::<OfferId>().is_err());
    }
}
