//! Software that was not written for Bulla (`interop/`, in Go) against live servers of logs of many sizes.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use bulla_server::Scope;

use crate::public::served::Served;

/// Around every edge of a tile, and with a third row.
const SIZES: [u64; 5] = [1, 255, 256, 257, 70_000];

#[test]
fn software_of_others_accepts_every_log() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop");
    if Command::new("go").arg("version").output().is_err() {
        // Past the capture of the test runner; a stderr that is closed has no reader to miss it.
        let _ = writeln!(std::io::stderr(), "SKIPPED: interop, because Go is not installed");
        return;
    }
    let served: Vec<(u64, Served)> = SIZES.into_iter().map(|size| (size, Served::of(size))).collect();
    let logs: Vec<String> = served.iter().map(|(size, served)| format!("{size}={}", served.url())).collect();
    let (unpublished, growing) = (Served::unpublished(), Served::of(1));
    let tested = Command::new("go")
        .args(["test", "-count=1", "./..."])
        .current_dir(folder)
        .env("BULLA_INTEROP_LOGS", logs.join(" "))
        .env("BULLA_INTEROP_UNPUBLISHED", unpublished.url())
        .env("BULLA_INTEROP_GROWING", growing.url())
        .env("BULLA_INTEROP_TOKEN", growing.token(Scope::Write))
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(tested.status.success(), "{}\n{}", said(&tested.stdout), said(&tested.stderr));
}
