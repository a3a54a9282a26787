//! After a failed write or sync nothing is written any more. Only opening again ends it, because only opening
//! distrusts the page cache.

use std::sync::Arc;

use crate::store::DiskError;

/// What failed, once, for good.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the log stopped after a failure ({cause}): what was not acknowledged may or may not be stored; \
     mend the cause and open the log again"
)]
pub struct Poison {
    #[source]
    cause: Arc<PoisonCause>,
}

/// The failure behind a [`Poison`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PoisonCause {
    /// A write, sync, rename or open failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// `seq` reached 2^53.
    #[error("the log is full: sequence numbers end at 2^53")]
    SeqExhausted,
    /// A thread of the log panicked: a bug, please report it.
    #[error("the log's own thread ended unexpectedly, which is a bug")]
    ThreadEnded,
}

impl Poison {
    /// The failure itself.
    pub fn cause(&self) -> &PoisonCause {
        &self.cause
    }
}

impl From<PoisonCause> for Poison {
    fn from(cause: PoisonCause) -> Self {
        Self { cause: Arc::new(cause) }
    }
}

impl From<DiskError> for Poison {
    fn from(error: DiskError) -> Self {
        PoisonCause::from(error).into()
    }
}
