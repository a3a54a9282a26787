//! libFuzzer over the target that `BULLA_FUZZ_TARGET` names. One binary, because each would be linked again with all of
//! Bulla.

#![no_main]

use std::sync::OnceLock;

use bulla_fuzz::{TARGETS, Target};

static TARGET: OnceLock<Target> = OnceLock::new();

/// Looks for the target once, before the first bytes come.
fn choose() {
    let name = std::env::var("BULLA_FUZZ_TARGET").unwrap_or_default();
    let names = TARGETS.map(|target| target.name).join(" ");
    let target = Target::named(&name);
    TARGET.get_or_init(|| target.unwrap_or_else(|| panic!("BULLA_FUZZ_TARGET={name}: it is one of {names}")));
}

libfuzzer_sys::fuzz_target!(init: choose(), |data: &[u8]| {
    (TARGET.get().expect("it was chosen first").law)(data);
});
