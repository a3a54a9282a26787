//! Embeds the viewer: the files in `ui/dist`, through a table in `OUT_DIR/viewer.rs`. Runs npm for them when there is npm and
//! something in `ui/` changed; when that fails, the table is empty and the server says how to get the viewer.
//!
//! `BULLA_UI=skip` never runs npm, `BULLA_UI=require` makes a failure end the build. What npm made is in `ui/dist`, with the
//! digest of what it was made from: debug and release builds, clippy and documentation share it.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Says in `ui/dist` what it was made from.
const STAMP: &str = ".made-from";
/// What is in `ui/` and is no source of what is embedded.
const NO_SOURCES: [&str; 5] = ["node_modules", "dist", "tests", "test-results", "playwright-report"];
/// 12 lines of what npm said go into the warning.
const LINES_SHOWN: usize = 12;

fn main() {
    println!("cargo::rerun-if-env-changed=BULLA_UI");
    println!("cargo::rerun-if-changed=build.rs");
    let ui = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("../../ui");
    let out = PathBuf::from(variable("OUT_DIR"));
    let mode = std::env::var("BULLA_UI").unwrap_or_default();
    let made = match mode.as_str() {
        "skip" => Ok(None),
        _ if std::env::var_os("DOCS_RS").is_some() || !ui.join("package.json").exists() => Ok(None),
        _ => make(&ui).map(Some),
    };
    let dist = made.unwrap_or_else(|reason| {
        assert!(mode != "require", "BULLA_UI=require, and the viewer could not be built: {reason}");
        println!("cargo::warning=the viewer is not in this build: {reason}");
        println!("cargo::warning=its page will say so; BULLA_UI=require makes this an error, BULLA_UI=skip is silent");
        None
    });
    assert!(mode != "require" || dist.is_some(), "BULLA_UI=require, and there is no ui/package.json");
    embed(dist.as_deref(), &out).expect("OUT_DIR can be written");
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo sets it for build scripts")
}

/// Builds the viewer, unless it was built from the same sources before.
fn make(ui: &Path) -> Result<PathBuf, String> {
    let told = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let mut sources = Vec::new();
    collect(ui, &mut sources).map_err(told("read ui/"))?;
    watch(ui, &sources);
    // Another cargo in another folder may be here, too.
    let lock = File::create(ui.join(".build.lock")).map_err(told("make ui/.build.lock"))?;
    lock.lock().map_err(told("wait for ui/.build.lock"))?;
    let dist = ui.join("dist");
    let digest = digest(ui, &sources).map_err(told("read ui/"))?;
    if fs::read_to_string(dist.join(STAMP)).is_ok_and(|made_from| made_from == digest) {
        return Ok(dist);
    }
    if !is_installed(ui) {
        let offline = std::env::var("CARGO_NET_OFFLINE").is_ok_and(|value| value == "true");
        let network: &[&str] =
            if offline { &["--offline"] } else { &["--prefer-offline", "--fetch-retries=1"] };
        run(ui, "npm", &[&["ci", "--no-audit", "--no-fund"], network].concat())?;
    }
    run(ui, "npm", &["run", "build", "--if-present"])?;
    run(ui, "npm", &["run", "offline", "--if-present"])?;
    run(ui, "node", &["scripts/compress.mjs"])?;
    fs::write(dist.join(STAMP), digest).map_err(told("write to ui/dist"))?;
    Ok(dist)
}

/// Files that the viewer is made from, in one order.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.starts_with('.') || NO_SOURCES.contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}

/// Folders notice files that are new, files notice what is in them. The folder `ui/` itself is left out: cargo would look
/// through `node_modules` each time.
fn watch(ui: &Path, sources: &[PathBuf]) {
    let top = |path: &Path| path.strip_prefix(ui).ok()?.components().next().map(|first| ui.join(first));
    let mut watched: Vec<_> = sources.iter().filter_map(|path| top(path)).collect();
    watched.dedup();
    for path in watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Of names and contents. It is compared with what the same program wrote before, and guards nothing.
fn digest(ui: &Path, sources: &[PathBuf]) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in sources {
        path.strip_prefix(ui).unwrap_or(path).hash(&mut hasher);
        fs::read(path)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// Whether what the lock file names is installed: npm keeps a copy of the lock file beside it.
fn is_installed(ui: &Path) -> bool {
    let changed = |path: &str| fs::metadata(ui.join(path)).and_then(|metadata| metadata.modified()).ok();
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Some(installed), Some(wanted)) => installed >= wanted,
        _ => false,
    }
}

fn run(ui: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let command = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(ui)
        .output()
        .map_err(|error| format!("`{command}`: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    for line in &lines[lines.len().saturating_sub(LINES_SHOWN)..] {
        println!("cargo::warning={line}");
    }
    Err(format!("`{command}` in ui/ failed ({})", output.status))
}

/// Copies what was built and writes the table by which it is embedded: pairs of path and bytes. Without anything built, the
/// table is empty. A copy, because another build may write to `ui/dist` while this one is compiled.
fn embed(dist: Option<&Path>, out: &Path) -> io::Result<()> {
    let copies = out.join("viewer");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    let mut files = Vec::new();
    if let Some(dist) = dist {
        collect(dist, &mut files)?;
    }
    let mut table = "&[\n".to_owned();
    for file in files {
        let path = file.strip_prefix(dist.unwrap_or(&file)).expect("it was found there");
        let copy = copies.join(path);
        fs::create_dir_all(copy.parent().expect("it is below the folder"))?;
        fs::copy(&file, &copy)?;
        table += &format!(
            "    ({:?}, include_bytes!({:?})),\n",
            path.display().to_string(),
            copy.display().to_string()
        );
    }
    table += "]\n";
    fs::write(out.join("viewer.rs"), table)
}
