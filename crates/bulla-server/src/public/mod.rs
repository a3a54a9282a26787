//! The log as others check it: the C2SP tile format (<https://c2sp.org/tlog-tiles>).
