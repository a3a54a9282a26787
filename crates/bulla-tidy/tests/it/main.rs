//! Runs every rule over the real tree. A failure lists each finding with its place and what to do.

use std::path::Path;

use bulla_tidy::{Finding, SourceFile, SourceTree, arrows, habits, rooms, shape};

fn tree() -> SourceTree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    SourceTree::read(&root).expect("the project's files are readable")
}

fn assert_none(findings: &[Finding]) {
    let listed: Vec<_> = findings.iter().map(Finding::to_string).collect();
    assert!(listed.is_empty(), "{} found:\n\n{}\n", listed.len(), listed.join("\n"));
}

fn assert_none_in<'a>(
    files: impl Iterator<Item = &'a SourceFile>,
    check: impl Fn(&SourceFile) -> Vec<Finding>,
) {
    assert_none(&files.flat_map(check).collect::<Vec<_>>());
}

/// Lock files and recorded vectors are written by machines, in words that nobody chose.
fn is_written_by_hand(file: &&SourceFile) -> bool {
    !matches!(file.extension(), "lock" | "json" | "jsonl")
}

#[test]
fn the_walk_sees_the_rooms_that_the_rules_are_about() {
    let tree = tree();
    for room in [rooms::PROOF, rooms::FORMATS, rooms::ENGINE] {
        let files = tree.below(room.folder).filter(|file| file.extension() == "rs").count();
        assert!(files > 0, "no Rust files in {}", room.folder);
    }
    assert!(arrows::manifests(&tree).count() >= 6, "crates are missing from the walk");
    assert!(tree.file(".ci/run").is_some(), "dot folders are part of the source");
}

#[test]
fn every_arrow_between_crates_is_in_the_architecture_table() {
    assert_none(&arrows::check(&tree(), arrows::TABLE));
}

#[test]
fn the_pure_room_is_pure() {
    let tree = tree();
    assert_none(&rooms::check(&tree, &rooms::PROOF));
    let file = |path: &str| tree.file(path).expect("the pure room has a root and a manifest");
    assert_none(&rooms::check_no_std(file("crates/bulla-proof/src/lib.rs")));
    assert_none(&rooms::check_pure_manifest(file("crates/bulla-proof/Cargo.toml")));
}

#[test]
fn mappings_open_no_sockets_and_no_files() {
    assert_none(&rooms::check(&tree(), &rooms::FORMATS));
}

#[test]
fn the_engine_reaches_files_only_through_its_doors() {
    assert_none(&rooms::check(&tree(), &rooms::ENGINE));
}

#[test]
fn names_say_what_is_inside() {
    assert_none_in(tree().files.iter(), shape::check_name);
}

#[test]
fn files_have_one_subject() {
    assert_none_in(tree().files.iter(), shape::check_length);
}

#[test]
fn folders_read_as_a_table_of_contents() {
    assert_none(&shape::check_folders(&tree()));
}

#[test]
fn every_rust_file_opens_by_saying_what_it_is_for() {
    assert_none_in(tree().rust(), habits::check_opening);
}

#[test]
fn there_are_no_loose_ends() {
    assert_none_in(tree().files.iter().filter(is_written_by_hand), habits::check_loose_ends);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_silenced() {
    assert_none_in(tree().rust(), habits::check_silenced_lints);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    assert_none_in(tree().files.iter(), habits::check_machine_paths);
}

/// The program in the README is the one in `examples/`, which is compiled: as pasted, it works.
#[test]
fn the_readme_shows_the_example_that_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the project has it");
    let example = std::fs::read_to_string(root.join("examples/embed.rs")).expect("the project has it");
    let is_program = |line: &&str| !line.starts_with("//!") && !line.starts_with("#![expect");
    let program: Vec<&str> = example.lines().filter(is_program).collect();
    let program = program.join("\n");
    assert!(
        readme.contains(program.trim()),
        "copy the program of examples/embed.rs into README.md:\n{program}"
    );
}
