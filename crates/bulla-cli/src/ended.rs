//! How a command ended, as scripts see it.

use std::process::ExitCode;

/// It could not be done, or found out; also what clap says of arguments that it does not understand.
pub(crate) const COULD_NOT: u8 = 2;

/// A command that could do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Ended {
    /// And found nothing wrong.
    Fine,
    /// And found something wrong.
    FoundWrong,
}

impl Ended {
    /// Fine when nothing is wrong.
    pub(crate) fn fine_if(is_fine: bool) -> Self {
        if is_fine { Self::Fine } else { Self::FoundWrong }
    }
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Fine => Self::SUCCESS,
            Ended::FoundWrong => Self::FAILURE,
        }
    }
}
