//! Workloads with faults and crashes whose every choice is a fuzzed byte, checked by the simulator's one oracle.

/// No promise is broken, whatever happens in whatever order.
pub(crate) fn sequence(data: &[u8]) {
    let run = bulla_sim::seeds::run_choices(data);
    if let Some(broken) = run.broken {
        panic!("{}\n{broken}", run.story.join("\n"));
    }
}
