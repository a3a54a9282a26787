//! Tests of the command as its users see it.
