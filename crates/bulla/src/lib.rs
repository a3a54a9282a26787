//! An append-only audit log whose acknowledgements are durable and provable.
