//! The shell around the core: batching, due clocks, outbox, shutdown.
