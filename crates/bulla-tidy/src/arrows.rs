//! Which workspace crate may use which: the architecture table, and the check of every manifest against it.

use toml::{Table, Value};

use crate::{Finding, SourceFile, SourceTree};

/// One row of the architecture table: a crate and the workspace crates it may use.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The crate's package name.
    pub name: &'static str,
    /// The workspace crates it may use.
    pub uses: &'static [&'static str],
}

/// The table of docs/ARCHITECTURE.md. A new arrow is a decision: change both together.
pub const TABLE: &[Row] = &[
    Row { name: "bulla-proof", uses: &[] },
    Row { name: "bulla", uses: &["bulla-proof"] },
    Row { name: "bulla-formats", uses: &["bulla", "bulla-proof"] },
    Row { name: "bulla-search", uses: &["bulla", "bulla-proof"] },
    Row { name: "bulla-client", uses: &["bulla-proof"] },
    Row { name: "bulla-server", uses: &["bulla", "bulla-formats", "bulla-search", "bulla-proof"] },
    Row {
        name: "bulla-cli",
        uses: &["bulla-server", "bulla-client", "bulla", "bulla-formats", "bulla-search", "bulla-proof"],
    },
    Row { name: "bulla-sim", uses: &["bulla", "bulla-proof"] },
    Row { name: "bulla-hostile", uses: &["bulla", "bulla-proof"] },
    Row {
        name: "bulla-bench",
        uses: &["bulla-server", "bulla", "bulla-hostile", "bulla-formats", "bulla-search", "bulla-proof"],
    },
    Row { name: "bulla-examples", uses: &["bulla"] },
    Row { name: "bulla-tidy", uses: &[] },
];

/// Tests of any crate may use the simulator and the hostile logs; cargo allows the circle, because it is one of tests
/// only.
const TESTS_MAY_ALSO_USE: [&str; 2] = ["bulla-sim", "bulla-hostile"];

/// Checks every `crates/*/Cargo.toml` and `examples/Cargo.toml` against `table`.
#[must_use]
pub fn check(tree: &SourceTree, table: &[Row]) -> Vec<Finding> {
    let workspace = tree.file("Cargo.toml").map_or("", |file| file.text.as_str());
    manifests(tree).flat_map(|manifest| check_manifest(manifest, workspace, table)).collect()
}

/// The manifests of the workspace's crates.
pub fn manifests(tree: &SourceTree) -> impl Iterator<Item = &SourceFile> {
    let is_manifest = |file: &&SourceFile| file.name() == "Cargo.toml" && file.path.matches('/').count() == 2;
    tree.below("crates").filter(is_manifest).chain(tree.file("examples/Cargo.toml"))
}

/// Checks one manifest. `workspace` is the text of the root manifest, which may give a dependency another name.
#[must_use]
pub fn check_manifest(manifest: &SourceFile, workspace: &str, table: &[Row]) -> Vec<Finding> {
    let parsed = match manifest.text.parse::<Table>() {
        Ok(parsed) => parsed,
        Err(error) => return vec![unreadable(manifest, &error)],
    };
    let name = parsed.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let Some(row) = table.iter().find(|row| Some(row.name) == name) else {
        return vec![unknown_crate(manifest, name.unwrap_or("(no name)"))];
    };
    let shared = workspace.parse::<Table>().unwrap_or_default();
    let shared = shared.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    dependencies(&parsed)
        .into_iter()
        .filter_map(|dependency| {
            let target = package_name(&dependency, shared);
            let known = table.iter().any(|row| row.name == target);
            let allowed = row.uses.contains(&target.as_str())
                || dependency.for_tests
                    && (TESTS_MAY_ALSO_USE.contains(&target.as_str()) || target == row.name);
            (known && !allowed).then(|| forbidden_arrow(manifest, row, &dependency, &target))
        })
        .collect()
}

/// One dependency as written in a manifest.
struct Dependency<'a> {
    key: &'a str,
    value: &'a Value,
    for_tests: bool,
}

/// Every dependency of every kind, of every target.
fn dependencies(manifest: &Table) -> Vec<Dependency<'_>> {
    const KINDS: [(&str, bool); 3] =
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)];
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(targets)
        .flat_map(|table| KINDS.iter().filter_map(|(kind, for_tests)| Some((table.get(*kind)?, *for_tests))))
        .filter_map(|(section, for_tests)| Some((section.as_table()?, for_tests)))
        .flat_map(|(section, for_tests)| {
            section.iter().map(move |(key, value)| Dependency { key, value, for_tests })
        })
        .collect()
}

/// The package behind a dependency: `package = …` in the manifest or in the workspace, else the key itself.
fn package_name(dependency: &Dependency<'_>, shared: Option<&Value>) -> String {
    let renamed = |value: &Value| value.get("package").and_then(Value::as_str).map(str::to_owned);
    let inherits = dependency.value.get("workspace").and_then(Value::as_bool) == Some(true);
    let inherited =
        shared.filter(|_| inherits).and_then(|shared| shared.get(dependency.key)).and_then(renamed);
    renamed(dependency.value).or(inherited).unwrap_or_else(|| dependency.key.to_owned())
}

/// The first line of `text` whose key is `key`, quoted or not, or whose section ends with it.
fn line_of_key(text: &str, key: &str) -> usize {
    let names = |line: &str| {
        let line = line.trim_start();
        let head = line.split(['=', ']']).next().unwrap_or(line);
        head.split(['.', '[', ' ', '"', '\'']).any(|part| part == key)
    };
    let in_dependencies = text.find("dependencies").map_or(0, |at| text[..at].matches('\n').count());
    let found = text.lines().skip(in_dependencies).position(names);
    found.map_or(1, |index| in_dependencies + index + 1)
}

fn unreadable(manifest: &SourceFile, error: &toml::de::Error) -> Finding {
    Finding::new(
        &manifest.path,
        1,
        format!("a manifest must be TOML: {}", error.message()),
        "repair the manifest",
    )
}

fn unknown_crate(manifest: &SourceFile, name: &str) -> Finding {
    Finding::new(
        &manifest.path,
        1,
        format!("crate `{name}` is not in the architecture table"),
        "add it to docs/ARCHITECTURE.md and to TABLE in crates/bulla-tidy/src/arrows.rs, with the crates it may use",
    )
}

fn forbidden_arrow(manifest: &SourceFile, row: &Row, dependency: &Dependency<'_>, target: &str) -> Finding {
    Finding::new(
        &manifest.path,
        line_of_key(&manifest.text, dependency.key),
        format!("`{}` must not use `{target}`: the architecture table has no such arrow", row.name),
        format!(
            "move the code to where it is needed, or pass the value in; `{}` may use {:?}",
            row.name, row.uses
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(manifest: &str, workspace: &str) -> Vec<(usize, String)> {
        let file = SourceFile::new("crates/x/Cargo.toml", manifest);
        let findings = check_manifest(&file, workspace, TABLE);
        findings.into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    fn check_refused(manifest: &str, workspace: &str, line: usize, named: &str) {
        let found = arrows(manifest, workspace);
        assert_eq!(found.len(), 1, "{manifest}: {found:?}");
        assert_eq!(found[0].0, line, "{manifest}");
        assert!(found[0].1.contains(named), "{manifest}: {}", found[0].1);
    }

    const PROOF: &str = "[package]\nname = \"bulla-proof\"\n";

    #[test]
    fn an_arrow_outside_the_table_is_refused() {
        let plant = |section: &str| format!("{PROOF}{section}");
        let check = |section: &str, line| check_refused(&plant(section), "", line, "must not use `bulla`");
        check("[dependencies]\nbulla.workspace = true", 4);
        check("[dependencies]\nserde = \"1\"\nbulla = { path = \"../bulla\" }", 5);
        check("[dependencies.bulla]\npath = \"../bulla\"", 3);
        check("[build-dependencies]\nbulla = \"1\"", 4);
        check("[dev-dependencies]\nbulla = \"1\"", 4);
        check("[target.'cfg(unix)'.dependencies]\nbulla = \"1\"", 4);
    }

    #[test]
    fn an_arrow_under_another_name_is_refused() {
        let manifest = format!("{PROOF}[dependencies]\nlog = {{ package = \"bulla\", version = \"1\" }}");
        check_refused(&manifest, "", 4, "must not use `bulla`");
        let manifest = format!("{PROOF}[dependencies]\nlog.workspace = true");
        let workspace = "[workspace.dependencies]\nlog = { package = \"bulla\", version = \"1\" }";
        check_refused(&manifest, workspace, 4, "must not use `bulla`");
    }

    #[test]
    fn only_tests_may_use_the_simulator() {
        let with = |section: &str| format!("[package]\nname = \"bulla\"\n[{section}]\nbulla-sim = \"1\"");
        assert_eq!(arrows(&with("dev-dependencies"), ""), []);
        check_refused(&with("dependencies"), "", 4, "must not use `bulla-sim`");
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_refused() {
        check_refused(
            "[package]\nname = \"bulla-extra\"",
            "",
            1,
            "`bulla-extra` is not in the architecture table",
        );
        check_refused("[package]\nversion = \"1\"", "", 1, "(no name)");
        check_refused("[package", "", 1, "must be TOML");
    }

    #[test]
    fn the_arrows_of_the_table_are_accepted() {
        for row in TABLE {
            let uses: String = row.uses.iter().map(|name| format!("{name}.workspace = true\n")).collect();
            let manifest = format!("[package]\nname = \"{}\"\n[dependencies]\n{uses}serde = \"1\"", row.name);
            assert_eq!(arrows(&manifest, ""), [], "{}", row.name);
        }
    }

    #[test]
    fn the_table_has_no_circles() {
        let uses =
            |name: &str| TABLE.iter().find(|row| row.name == name).expect("a listed crate has a row").uses;
        for row in TABLE {
            let mut reached: Vec<&str> = row.uses.to_vec();
            let mut at = 0;
            while at < reached.len() {
                for next in uses(reached[at]) {
                    if !reached.contains(next) {
                        reached.push(next);
                    }
                }
                at += 1;
            }
            assert!(!reached.contains(&row.name), "{} reaches itself: {reached:?}", row.name);
        }
    }

    #[test]
    fn only_the_manifests_of_crates_are_taken() {
        let paths = ["Cargo.toml", "crates/a/Cargo.toml", "crates/a/b/Cargo.toml", "crates/a/src/lib.rs"];
        let tree = SourceTree { files: paths.iter().map(|path| SourceFile::new(*path, "")).collect() };
        assert_eq!(
            manifests(&tree).map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["crates/a/Cargo.toml"]
        );
    }
}
