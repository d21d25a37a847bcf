//! Documents that commands write: each owns a section, and leaves the others as they are.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Result;

/// Puts `text` under the heading `name` in the document; makes either where it is missing.
pub fn replace_section(path: &Path, name: &str, text: &str) -> Result<()> {
    let document = match fs::read_to_string(path) {
        Ok(document) => document,
        Err(error) if error.kind() == ErrorKind::NotFound => "# Performance\n".to_owned(),
        Err(error) => return Err(error.into()),
    };
    fs::write(path, with_section(&document, name, text))?;
    Ok(())
}

fn with_section(document: &str, name: &str, text: &str) -> String {
    let heading = format!("## {name}");
    let mut before: Vec<&str> = Vec::new();
    let mut after: Vec<&str> = Vec::new();
    let mut is_ours = false;
    let mut is_past = false;
    for line in document.lines() {
        if line.starts_with("## ") {
            is_past |= is_ours;
            is_ours = line == heading;
        }
        match (is_ours, is_past) {
            (true, _) => {}
            (false, false) => before.push(line),
            (false, true) => after.push(line),
        }
    }
    let before = before.join("\n");
    let mut whole = format!("{}\n\n{heading}\n\n{}\n", before.trim_end(), text.trim());
    if !after.is_empty() {
        whole.push('\n');
        whole.push_str(after.join("\n").trim_end());
        whole.push('\n');
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_where_it_stands() {
        let document = "# Performance\n\n## one\n\nold\n\n## two\n\nkept\n";
        let expected = "# Performance\n\n## one\n\nnew\n\n## two\n\nkept\n";
        assert_eq!(with_section(document, "one", "new"), expected);
    }

    #[test]
    fn a_new_section_goes_to_the_end() {
        let document = "# Performance\n\n## one\n\nkept\n";
        let expected = "# Performance\n\n## one\n\nkept\n\n## two\n\nnew\n";
        assert_eq!(with_section(document, "two", "new"), expected);
        assert_eq!(with_section(expected, "two", "new"), expected);
    }
}
