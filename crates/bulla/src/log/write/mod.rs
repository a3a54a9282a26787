//! The write path: the queue between callers and the one writer, its batches, and the threads beside it that sync,
//! publish and seal.

pub(crate) mod batch;
pub(crate) mod publisher;
pub(crate) mod queue;
pub(crate) mod recorder_clock;
pub(crate) mod sealer;
pub(crate) mod syncer;
pub(crate) mod writer;
