//! From a listening socket to requests: TLS, limits of connections, and time-outs of slow clients.

pub(crate) mod accept;
pub(crate) mod tls;
