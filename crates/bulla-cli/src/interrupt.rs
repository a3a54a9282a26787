//! Ctrl-C and SIGTERM: the first asks to finish in order, the second ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// 130: what shells say of a process that SIGINT ended.
const KILLED_BY_INTERRUPT: i32 = 130;

/// Whether the user asked to stop.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down and goes on to put it up.
            signal_hook::flag::register_conditional_shutdown(signal, KILLED_BY_INTERRUPT, asked.clone())
                .and_then(|_| signal_hook::flag::register(signal, asked.clone()))
                .context("listen for Ctrl-C")?;
        }
        Ok(Self { asked })
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Gives one message when the user asks to stop, to wait for with a time limit.
pub(crate) fn channel_of_interrupts() -> anyhow::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("listen for Ctrl-C")?;
    let (asks, asked) = channel();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if signals.forever().next().is_some() {
                let _ = asks.send(());
            }
        })
        .context("start a thread to listen for Ctrl-C")?;
    Ok(asked)
}
