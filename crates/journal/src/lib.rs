//! Head, blocks, events, incident rows and outbox behind one trait: SQLite and in memory.
