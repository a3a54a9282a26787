//! What the pure rooms must not touch, and where the one door to the file system is.
//!
//! Test code (`#[cfg(test)]` items, `tests.rs`, `tests/`) is not bound: the rules are about what the library does.

use toml::{Table, Value};

use crate::paths::{NamedPath, named_paths};
use crate::rust_code::{code, without_tests};
use crate::{Finding, SourceFile, SourceTree};

/// A folder, what its code must not name, and the files in it that may.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// The folder, from the project root.
    pub folder: &'static str,
    /// What the room is, for the message.
    pub title: &'static str,
    /// Paths that its code must not name, nor anything inside them.
    pub banned: &'static [&'static str],
    /// Exceptions inside `banned`.
    pub harmless: &'static [&'static str],
    /// Files (below `folder`) that may name what is banned, each with the reason.
    pub doors: &'static [(&'static str, &'static str)],
    /// What to do instead.
    pub advice: &'static str,
}

/// Pure mathematics and formats over opaque bytes. `core::time::Duration` is a number, not a clock, and is fine.
pub const PROOF: Room = Room {
    folder: "crates/bulla-proof/src",
    title: "the pure room bulla-proof (no clock, file, network, thread, async, randomness)",
    banned: &[
        "std",
        "async",
        "await",
        "core::future",
        "core::task",
        "rand",
        "getrandom",
        "tokio",
        "futures",
        "rustix",
        "libc",
        "jiff",
        "chrono",
        "tempfile",
    ],
    harmless: &[],
    doors: &[],
    advice: "take the time, bytes or random seed as an argument; use `core` and `alloc`",
};

/// Pure mappings between foreign records and entries. Addresses are values and are fine.
pub const FORMATS: Room = Room {
    folder: "crates/bulla-formats/src",
    title: "bulla-formats (no sockets, no files)",
    banned: &[
        "std::fs",
        "std::net",
        "std::os",
        "std::process",
        "std::thread",
        "std::env",
        "std::io::stdin",
        "std::io::stdout",
        "rustix",
        "libc",
        "tokio",
        "tempfile",
        "memmap2",
        "reqwest",
        "hyper",
        "ureq",
    ],
    harmless: &[
        "std::net::IpAddr",
        "std::net::Ipv4Addr",
        "std::net::Ipv6Addr",
        "std::net::SocketAddr",
        "std::net::SocketAddrV4",
        "std::net::SocketAddrV6",
        "std::net::AddrParseError",
    ],
    doors: &[],
    advice: "take bytes or `impl Read` as an argument and let the caller open it",
};

/// The log engine: everything but the doors reaches the disk through the `Disk` trait, so that faults can be simulated.
pub const ENGINE: Room = Room {
    folder: "crates/bulla/src",
    title: "the file API outside the one door to the disk",
    banned: &[
        "std::fs",
        "std::os::unix::fs",
        "rustix::fs",
        "rustix::io",
        "tokio::fs",
        "fs_err",
        "tempfile",
        "memmap2",
    ],
    harmless: &[],
    doors: &[
        ("store/os_disk.rs", "the door itself: the `Disk` of the operating system"),
        ("take_over.rs", "reads the file of the replaced module, which is no part of a log"),
    ],
    advice: "go through the `Disk` trait; a new door needs a reason in crates/bulla-tidy/src/rooms.rs",
};

/// Crates that would bring a clock, the operating system, async or randomness into the pure room.
const IMPURE_CRATES: [&str; 14] = [
    "async-trait",
    "chrono",
    "fastrand",
    "futures",
    "getrandom",
    "jiff",
    "libc",
    "memmap2",
    "mio",
    "rand",
    "rustix",
    "tempfile",
    "time",
    "tokio",
];

/// Checks every Rust file of the room.
#[must_use]
pub fn check(tree: &SourceTree, room: &Room) -> Vec<Finding> {
    let bound = tree.below(room.folder).filter(|file| file.extension() == "rs" && !is_test_file(file));
    bound.flat_map(|file| check_file(file, room)).collect()
}

/// Checks one Rust file of the room.
#[must_use]
pub fn check_file(file: &SourceFile, room: &Room) -> Vec<Finding> {
    let inside = file.path.strip_prefix(room.folder).unwrap_or(&file.path).trim_start_matches('/');
    if room.doors.iter().any(|(door, _)| *door == inside) {
        return Vec::new();
    }
    let named = named_paths(&without_tests(&code(&file.text)));
    let banned = |named: &NamedPath| {
        room.banned.iter().any(|path| named.is_within(path))
            && !room.harmless.iter().any(|path| named.is_within(path))
    };
    named
        .iter()
        .filter(|named| banned(named))
        .map(|named| {
            let rule = format!("{}: `{}` must not be named here", room.title, named.path);
            Finding::new(&file.path, named.line, rule, room.advice)
        })
        .collect()
}

/// Checks that the root of the pure room forbids the standard library to the compiler as well.
#[must_use]
pub fn check_no_std(lib: &SourceFile) -> Vec<Finding> {
    if code(&lib.text).contains("#![no_std]") {
        return Vec::new();
    }
    vec![Finding::new(
        &lib.path,
        1,
        "the pure room must be `#![no_std]`, without condition",
        "add `#![no_std]` and `extern crate alloc;`; tests may say `#[cfg(test)] extern crate std;`",
    )]
}

/// Checks that the pure room's manifest brings in no crate that would do what the room must not.
#[must_use]
pub fn check_pure_manifest(manifest: &SourceFile) -> Vec<Finding> {
    let parsed = manifest.text.parse::<Table>().unwrap_or_default();
    let section = parsed.get("dependencies").and_then(Value::as_table);
    let names = section.into_iter().flat_map(Table::keys);
    names
        .filter(|name| IMPURE_CRATES.contains(&name.as_str()))
        .map(|name| {
            let line =
                manifest.text.lines().position(|line| line.contains(name.as_str())).map_or(1, |at| at + 1);
            let rule = format!("{}: `{name}` must not be a dependency", PROOF.title);
            Finding::new(&manifest.path, line, rule, PROOF.advice)
        })
        .collect()
}

fn is_test_file(file: &SourceFile) -> bool {
    file.name() == "tests.rs" || file.path.contains("/tests/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(room: &Room, name: &str, text: &str) -> Vec<usize> {
        let file = SourceFile::new(format!("{}/{name}", room.folder), text);
        check_file(&file, room).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_pure_room_refuses_clock_file_network_thread_async_and_randomness() {
        let check =
            |text: &str, expected: &[usize]| assert_eq!(lines(&PROOF, "a.rs", text), expected, "{text}");
        check("fn a() {\n    std::time::Instant::now();\n}", &[2]);
        check("use std::{fs, net};", &[1, 1]);
        check("extern crate std;", &[1]);
        check("\nuse ::std::thread;", &[2]);
        check("async fn a() {}", &[1]);
        check("rand::random()", &[1]);
        check("getrandom::fill(&mut a)", &[1]);
        check("use core::task::Waker;", &[1]);
        check("use core::time::Duration; use alloc::vec::Vec;", &[]);
        check("// std::fs\nfn a() { b(\"std::fs\") }", &[]);
        check("#[cfg(test)]\nextern crate std;\n#[cfg(test)]\nmod tests { use std::vec::Vec; }", &[]);
        check("#[cfg(test)]\nmod tests { use std::vec::Vec; }\nuse std::fs;", &[3]);
    }

    #[test]
    fn the_pure_room_must_be_no_std_without_condition() {
        let found = |text: &str| check_no_std(&SourceFile::new("lib.rs", text)).len();
        assert_eq!(found("//! Text.\n#![no_std]"), 0);
        assert_eq!(found("//! Text.\n"), 1);
        assert_eq!(found("//! Text.\n// #![no_std]"), 1);
        assert_eq!(found("#![cfg_attr(not(test), no_std)]"), 1);
    }

    #[test]
    fn the_pure_manifest_refuses_impure_crates() {
        let lines = |text: &str| -> Vec<usize> {
            check_pure_manifest(&SourceFile::new("Cargo.toml", text))
                .iter()
                .map(|finding| finding.line)
                .collect()
        };
        assert_eq!(lines("[dependencies]\nsha2 = \"1\"\nrand = \"1\""), [3]);
        assert_eq!(lines("[dependencies.tokio]\nversion = \"1\""), [1]);
        assert_eq!(lines("[dependencies]\nsha2 = \"1\"\n[dev-dependencies]\nrand = \"1\""), []);
    }

    #[test]
    fn the_mappings_refuse_sockets_and_files_and_keep_addresses() {
        let check =
            |text: &str, expected: &[usize]| assert_eq!(lines(&FORMATS, "a.rs", text), expected, "{text}");
        check("use std::net::{IpAddr, TcpStream};", &[1]);
        check("use std::net;", &[1]);
        check("let a =\n std::fs::read(b);", &[2]);
        check("tokio::spawn(a)", &[1]);
        check("use std::net::{IpAddr, Ipv4Addr}; use std::io::Read;", &[]);
    }

    #[test]
    fn the_engine_touches_files_only_at_its_doors() {
        let check = |name: &str, text: &str, expected: &[usize]| {
            assert_eq!(lines(&ENGINE, name, text), expected, "{name}: {text}");
        };
        check("log/writer.rs", "use std::fs::File;", &[1]);
        check("store/segment.rs", "use std::{fs, io};", &[1]);
        check("store/segment.rs", "rustix::fs::fdatasync(a)", &[1]);
        check("store/segment.rs", "use std::os::unix::fs::FileExt;", &[1]);
        check("os_disk.rs", "use std::fs::File;", &[1]);
        check("store/os_disk.rs", "use std::fs::File;", &[]);
        check("store/segment.rs", "use std::io;", &[]);
    }

    #[test]
    fn a_room_is_checked_file_by_file_and_tests_are_left_out() {
        let file = |name: &str| SourceFile::new(format!("crates/bulla/src/{name}"), "use std::fs;");
        let tree = SourceTree {
            files: vec![file("a.rs"), file("store/tests.rs"), file("tests/b.rs"), file("c.md")],
        };
        let found: Vec<_> = check(&tree, &ENGINE).into_iter().map(|finding| finding.file).collect();
        assert_eq!(found, ["crates/bulla/src/a.rs"]);
    }

    #[test]
    fn every_door_has_a_reason() {
        for room in [PROOF, FORMATS, ENGINE] {
            assert!(room.doors.iter().all(|(_, reason)| reason.len() > 10), "{}", room.folder);
        }
    }
}
