# The words of this project. People and CI use the same ones: `just ci` is what decides.

# What can be said here.
default:
    @just --list

# The binary, as it is released: target/release/bulla.
build:
    cargo build --locked --release

# Every test that is quick enough for each change.
test *ARGS:
    cargo test --locked --workspace {{ARGS}}

# The long ones as well: crash sweeps, one flipped byte at every position, large logs.
test-slow *ARGS:
    BULLA_SLOW_TESTS=1 cargo test --locked --workspace --release {{ARGS}}

# Everything that can go wrong, made to go wrong, in under five minutes; ends with a table of what was covered.
faults:
    .ci/faults

# The same for as long as it takes, with so many minutes of fresh seeds and of fuzzing.
faults-long MINUTES="30":
    .ci/faults long {{MINUTES}}

# Clippy over everything; a warning is an error.
lint:
    cargo clippy --locked --workspace --all-targets --all-features -- -D warnings

# Mutants of the verifier, each of which a test must notice (docs/mutants.md). Hours: belongs to the long fault set.
mutants *ARGS:
    .ci/mutants {{ARGS}}

# Formats the tree in place.
fmt:
    cargo fmt --all

# The API documentation; a broken link is an error.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features

# The rules of the house: arrows between crates, pure rooms, names, sizes.
tidy:
    cargo test --locked -p bulla-tidy

# Every fuzz target, a fixed number of executions from fresh seeds: what `just ci` runs.
fuzz-smoke:
    fuzz/run smoke

# So many minutes of each fuzz target, or of those that are named: `just fuzz 10 note policy`.
fuzz MINUTES *TARGETS:
    fuzz/run long {{MINUTES}} {{TARGETS}}

# Our numbers, each beside a reference measured in the same run.
bench *ARGS:
    cargo run --locked --release -p bulla-bench -- {{ARGS}}

# Requests that Schemathesis makes from the OpenAPI document, against a live server. Needs Python.
schemathesis:
    BULLA_SLOW_TESTS=1 cargo test --locked -p bulla-server --test it -- --nocapture schemathesis

# Writes spec/openapi.json anew, after a change of the API that is meant.
openapi:
    BULLA_UPDATE_OPENAPI=1 cargo test --locked -p bulla-server --test it openapi

# Ten minutes of a server under everything at once; `BULLA_LOAD_SECONDS` says another time.
load:
    BULLA_SLOW_TESTS=1 cargo test --locked -p bulla-cli --test it -- --nocapture load

# Licences, banned crates and sources of every dependency. Needs cargo-deny.
deny:
    cargo deny check licenses bans sources

# The viewer's own tests, those in a real browser included (Debian's chromium).
viewer:
    cargo build --locked -p bulla-cli
    cd ui && npm run check && npm run lint && npm test && npm run size && BULLA_BIN="$PWD/../target/debug/bulla" npm run e2e

# The command, built for release: `just run verify`.
run *ARGS:
    cargo run --locked --release -- {{ARGS}}

# Everything a change must pass.
ci:
    .ci/run
