//! The company's customers, as operations imported them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{Identifiable, Insertable, Queryable, Selectable};

use crate::schema::customers;

/// A customer of the company, who may be invited.
#[derive(Clone, Debug, Eq, Identifiable, Insertable, PartialEq, Queryable, Selectable)]
#[diesel(table_name = customers, primary_key(customer_ref), check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_default_value = false)]
pub struct Customer {
    /// The company's reference.
    pub customer_ref: String,
    /// The address the company knows; in lower case.
    pub email: String,
    /// The customer's name.
    pub display_name: String,
    /// The tier, in the company's words.
    pub tier: String,
    /// Customer since this day.
    pub customer_since: NaiveDate,
    /// The country of residence (ISO 3166, two letters).
    pub country: String,
    /// The company's reference of the household.
    pub household_ref: Option<String>,
    /// When this was last imported.
    pub imported_at: DateTime<Utc>,
}
