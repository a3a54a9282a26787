//! The mappings as their callers see them.

mod entry_of;
mod exports;
mod hostile_lines;
mod real_inputs;
