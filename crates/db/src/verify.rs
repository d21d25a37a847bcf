//! The promises, as queries that return no row.
//!
//! They live in `scripts/verify.sql`, one after the other, each under a line
//! `-- promise: what is promised`.

use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl as _, sql_types};

const PROMISES: &str = include_str!("../../../scripts/verify.sql");

/// A promise that does not hold.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Broken {
    /// The promise in words.
    pub promise: String,
    /// How many rows break it.
    pub rows: i64,
    /// Up to five of them.
    pub examples: serde_json::Value,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = sql_types::BigInt)]
    rows: i64,
    #[diesel(sql_type = sql_types::Jsonb)]
    examples: serde_json::Value,
}

/// What is promised, in the order of the file, with its query.
pub fn promises() -> Vec<(&'static str, &'static str)> {
    PROMISES
        .split("\n-- promise: ")
        .skip(1)
        .filter_map(|part| part.split_once('\n'))
        .map(|(name, query)| (name.trim(), query.trim().trim_end_matches(';')))
        .collect()
}

/// Checks every promise and returns those that are broken.
pub fn broken(conn: &mut PgConnection) -> QueryResult<Vec<Broken>> {
    let mut broken = Vec::new();
    for (promise, query) in promises() {
        let counted: Counted = diesel::sql_query(format!(
            "WITH found AS MATERIALIZED ({query}) \
             SELECT (SELECT count(*) FROM found) AS rows, \
             (SELECT coalesce(jsonb_agg(to_jsonb(few)), '[]') \
              FROM (SELECT * FROM found LIMIT 5) few) AS examples"
        ))
        .get_result(conn)?;
        if counted.rows > 0 {
            let promise = promise.to_owned();
            broken.push(Broken {
                promise,
                rows: counted.rows,
                examples: counted.examples,
            });
        }
    }
    Ok(broken)
}
