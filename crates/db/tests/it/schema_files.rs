//! Each domain's `schema.rs` is generated from the migrated database, and says nothing else.
//!
//! `UPDATE_SCHEMA=1 cargo test -p db schema` writes the files.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use db::testing::TestDatabase;
use diesel::{QueryableByName, RunQueryDsl as _, sql_types};

/// Which tables each file holds: all of a schema, or those named.
const FILES: &[(&str, &[&str])] = &[
    ("crates/db/src/schema.rs", &["platform.*"]),
    ("crates/identity/src/schema.rs", &["identity.*"]),
    ("crates/onboarding/src/schema.rs", &["onboarding.*"]),
    ("crates/availability/src/schema.rs", &["availability.*"]),
    ("crates/dispatch/src/schema.rs", &["dispatch.*"]),
    ("crates/payouts/src/schema.rs", &["payouts.*"]),
    ("crates/jobs/src/schema.rs", &["jobs.*"]),
    (
        "crates/reports/src/schema.rs",
        &[
            "dispatch.*",
            "availability.*",
            "payouts.earning_lines",
            "payouts.payout_items",
            "payouts.payout_runs",
            "payouts.ledger_accounts",
            "payouts.postings",
            "onboarding.agents",
            "onboarding.skill_grants",
            "onboarding.fulfilments",
            "onboarding.decisions",
            "identity.accounts",
            "audit.events",
        ],
    ),
];

#[derive(QueryableByName, Clone)]
struct Column {
    #[diesel(sql_type = sql_types::Text)]
    table: String,
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Bool)]
    nullable: bool,
    #[diesel(sql_type = sql_types::Bool)]
    key: bool,
}

const COLUMNS: &str = "
    SELECT n.nspname || '.' || c.relname AS table, a.attname::text AS name,
           format_type(a.atttypid, NULL) AS kind, NOT a.attnotnull AS nullable,
           coalesce(a.attnum = ANY (k.conkey), false) AS key
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
     WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'public')
     ORDER BY n.nspname, c.relname, a.attnum";

fn columns(database: &TestDatabase) -> Vec<Column> {
    use diesel::Connection as _;
    let mut conn = diesel::PgConnection::establish(&database.url()).unwrap();
    diesel::sql_query(COLUMNS).load(&mut conn).unwrap()
}

/// The type's name in Diesel; none for types that only SQL reads.
fn diesel_type(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "uuid" => "Uuid",
        "text" => "Text",
        "character" => "Bpchar",
        "timestamp with time zone" => "Timestamptz",
        "date" => "Date",
        "smallint" => "Int2",
        "integer" => "Int4",
        "bigint" => "Int8",
        "numeric" => "Numeric",
        "bytea" => "Bytea",
        "boolean" => "Bool",
        "jsonb" => "Jsonb",
        "text[]" => "Array<Text>",
        "integer[]" => "Array<Int4>",
        "xid8" => return None,
        other => panic!("no Diesel type for {other}: add it here"),
    })
}

fn render(columns: &[Column], patterns: &[&str]) -> String {
    let mut tables: BTreeMap<&str, Vec<&Column>> = BTreeMap::new();
    for column in columns {
        let schema = column.table.split('.').next().unwrap();
        if patterns
            .iter()
            .any(|p| *p == column.table || *p == format!("{schema}.*"))
        {
            tables.entry(&column.table).or_default().push(column);
        }
    }
    let mut text = String::from(
        "//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.\n",
    );
    for (table, columns) in &tables {
        let keys: Vec<&str> = columns
            .iter()
            .filter(|c| c.key)
            .map(|c| c.name.as_str())
            .collect();
        writeln!(
            text,
            "\ndiesel::table! {{\n    {table} ({}) {{",
            keys.join(", ")
        )
        .unwrap();
        for column in columns {
            let Some(kind) = diesel_type(&column.kind) else {
                continue;
            };
            let kind = if column.nullable {
                format!("Nullable<{kind}>")
            } else {
                kind.to_owned()
            };
            writeln!(text, "        {} -> {kind},", column.name).unwrap();
        }
        text.push_str("    }\n}\n");
    }
    if tables.len() > 1 {
        text.push_str("\ndiesel::allow_tables_to_appear_in_same_query! {\n");
        for table in tables.keys() {
            writeln!(text, "    {},", table.split('.').nth(1).unwrap()).unwrap();
        }
        text.push_str("}\n");
    }
    text
}

#[test]
fn every_schema_file_is_what_the_migrations_make() {
    let database = TestDatabase::create();
    let columns = columns(&database);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, patterns) in FILES {
        let path = root.join(file);
        let expected = render(&columns, patterns);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{file} is not what the migrations make");
    }
}
