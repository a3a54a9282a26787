//! Checks the source tree against the architecture.
