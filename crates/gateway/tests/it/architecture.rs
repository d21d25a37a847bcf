//! The invariants of docs/ARCHITECTURE.md, read from the manifests and the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const DOMAINS: &[&str] = &[
    "identity",
    "onboarding",
    "availability",
    "dispatch",
    "payouts",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The crates of this workspace, each with what its manifest says under `[dependencies]`.
fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let mut manifests = BTreeMap::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path().join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let name = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let dependencies = text
            .lines()
            .skip_while(|line| *line != "[dependencies]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|word| !word.is_empty() && !word.starts_with('#'))
            .map(str::to_owned)
            .collect();
        manifests.insert(name, dependencies);
    }
    assert!(
        manifests.len() >= 14,
        "the crates are not where the test looks"
    );
    manifests
}

/// The Rust files of a crate, by their path below `src`.
fn sources(name: &str) -> Vec<(String, String)> {
    fn walk(base: &Path, dir: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(base, &path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(base).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let base = root().join("crates").join(name).join("src");
    let mut found = Vec::new();
    walk(&base, &base, &mut found);
    found
}

#[test]
fn a_domain_knows_no_other_domain_and_nothing_of_the_outside() {
    let manifests = manifests();
    for domain in DOMAINS {
        let forbidden: Vec<_> = manifests[*domain]
            .iter()
            .filter(|dependency| {
                (manifests.contains_key(*dependency)
                    && !matches!(dependency.as_str(), "kernel" | "db" | "routing"))
                    || dependency.starts_with("actix")
                    || matches!(dependency.as_str(), "lettre" | "reqwest" | "tokio")
            })
            .collect();
        assert!(forbidden.is_empty(), "{domain} depends on {forbidden:?}");
    }
}

#[test]
fn the_kernel_and_the_database_know_no_domain() {
    let manifests = manifests();
    for (name, allowed) in [
        ("kernel", &[][..]),
        ("routing", &[][..]),
        ("db", &["kernel", "local-postgres"][..]),
    ] {
        for dependency in &manifests[name] {
            let ours = manifests.contains_key(dependency);
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{name} → {dependency}"
            );
        }
    }
}

#[test]
fn the_gateway_has_no_sql() {
    assert!(!manifests()["gateway"].contains("diesel"));
    for (file, text) in sources("gateway") {
        for word in ["sql_query", "::table", "SELECT ", "INSERT INTO"] {
            assert!(!text.contains(word), "gateway/src/{file} contains {word}");
        }
    }
}

#[test]
fn queries_stand_in_stores_and_query_files_only() {
    for name in DOMAINS.iter().chain(&["jobs"]) {
        for (file, text) in sources(name) {
            let is_door = ["store", "queries", "schema"]
                .iter()
                .any(|door| file == format!("{door}.rs") || file.starts_with(&format!("{door}/")));
            if is_door {
                continue;
            }
            for call in [
                "::table\n",
                "::table.",
                "::table)",
                ".execute(",
                "sql_query(",
                ".load(",
                ".load::<",
            ] {
                assert!(!text.contains(call), "{name}/src/{file} queries: {call}");
            }
        }
    }
}

/// Diesel keeps an INSERT prepared only if its text does not depend on the row, and with an
/// `Option` it does unless told otherwise. Planned each time, an INSERT costs thrice as much.
#[test]
fn an_insert_is_the_same_statement_for_every_row() {
    let mut seen = 0;
    for name in DOMAINS.iter().chain(&["jobs"]) {
        for (file, text) in sources(name) {
            for part in text.split("#[derive(").skip(1) {
                let (derives, rest) = part.split_once(")]").unwrap();
                let declaration = rest.split("\n}").next().unwrap_or(rest);
                if !derives.contains("Insertable") || !declaration.contains("Option<") {
                    continue;
                }
                seen += 1;
                assert!(
                    declaration.contains("treat_none_as_default_value = false"),
                    "{name}/src/{file}: a row with options leaves columns out where they are none"
                );
            }
        }
    }
    assert!(seen >= 10, "the rows are not where the test looks");
}

#[test]
fn a_domain_reads_its_own_tables_only() {
    for name in DOMAINS {
        let text = fs::read_to_string(root().join(format!("crates/{name}/src/schema.rs"))).unwrap();
        let tables: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().split_once(" (")?.0.split_once('.'))
            .map(|(schema, _)| schema)
            .collect();
        assert!(!tables.is_empty());
        assert!(
            tables.iter().all(|schema| schema == name),
            "{name} sees {tables:?}"
        );
    }
}

#[test]
fn reports_never_write() {
    for (file, text) in sources("reports") {
        for word in [
            "insert_into",
            "diesel::update",
            "diesel::delete",
            "Tx<",
            "sql_query",
        ] {
            assert!(!text.contains(word), "reports/src/{file} contains {word}");
        }
    }
}

#[test]
fn files_and_manifests_keep_their_size() {
    let manifests = manifests();
    for (name, dependencies) in &manifests {
        let foreign = dependencies
            .iter()
            .filter(|crate_| !manifests.contains_key(*crate_))
            .count();
        let most = if name == "gateway" { 30 } else { 12 };
        assert!(
            foreign <= most,
            "{name} depends on {foreign} crates that are not ours"
        );
        for (file, text) in sources(name) {
            let lines = text.lines().count();
            assert!(
                lines <= 600 || file == "schema.rs",
                "{name}/src/{file} has {lines} lines"
            );
        }
    }
}

#[test]
fn every_lint_is_inherited() {
    for name in manifests().keys() {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{name} has lints of its own"
        );
        assert!(
            text.contains("publish.workspace = true"),
            "{name} could be published"
        );
    }
}

#[test]
fn the_description_of_the_api_names_nothing_that_it_does_not_describe() {
    let document = gateway::api::document().to_json().unwrap();
    let described: serde_json::Value = serde_json::from_str(&document).unwrap();
    let schemas = &described["components"]["schemas"];
    let named = document
        .split("#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let missing: BTreeSet<_> = named.filter(|name| schemas[name].is_null()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(schemas["Nothing"].is_null(), "what is missing is noticed");
}

#[test]
fn the_published_description_of_the_api_is_the_one_served() {
    let published = fs::read_to_string(root().join("docs/openapi.json")).unwrap_or_default();
    let served = gateway::api::document().to_pretty_json().unwrap();
    assert!(
        published.trim() == served.trim(),
        "docs/openapi.json is stale; write it with: gigdesk openapi > docs/openapi.json"
    );
}
