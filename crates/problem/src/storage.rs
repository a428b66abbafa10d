//! Problems of the journal and its disk.

crate::codes! { STORAGE;
    STORE_NEWER = "store-newer", 503, "the database was written by a newer version",
        cause: "Its schema version is higher than the one that this program knows.",
        remedy: "Run the newer version of Watchbell, or restore a backup made with this one.";
    STORE_OLDER = "store-older", 503, "the database needs a migration",
        cause: "It was opened for reading only, and its schema is older than the one that this program reads.",
        remedy: "Start `watchbell serve` on it once: it migrates before anything else.";
    STORE_MISSING = "store-missing", 503, "there is no database",
        cause: "The directory or file that was named does not hold a database, and this command does not create one.",
        remedy: "Check `--data`; `watchbell serve --data DIR` creates a database.";
    RESTORE_UNFINISHED = "restore-unfinished", 503, "a restore was interrupted",
        cause: "The data directory holds a copy that is not whole, and no database. To start on it would begin an empty journal in the place of yours.",
        remedy: "Run the same `watchbell restore` again: it replaces the copy. Only if you want an empty journal, delete the file whose name ends in `.partial`.";
    STORE_FOREIGN = "store-foreign", 503, "the file is not a Watchbell database",
        cause: "It is an SQLite database of another program, or not a database at all.",
        remedy: "Check `--data`; choose an empty directory for a new database.";
    STORE_FILLED = "store-filled", 409, "the database holds a journal already",
        cause: "A journal is carried into an empty database only: two orders cannot be made one.",
        remedy: "Name an empty directory, database or schema. In PostgreSQL, `schema=` in the URL names another one.";
    STORE_IN_USE = "store-in-use", 503, "the database is in use",
        cause: "Another process holds its lock; one server at a time may write to a data directory.",
        remedy: "Stop the other server, or give this one a directory of its own. The lock ends with its process, so a leftover lock file needs no deleting.";
    STORE_READ_ONLY = "store-read-only", 503, "the data directory cannot be written",
        cause: "The directory, its files or its file system do not allow this user to write.",
        remedy: "Make the directory and the files in it writable for the user that runs Watchbell. Nothing was changed.";
    STORE_FULL = "store-full", 503, "the disk is full",
        cause: "The database could not grow. The change was rolled back, and what was answered before is intact.",
        remedy: "Free space on the disk of the data directory; the running server goes on by itself.";
    STORE_BUSY = "store-busy", 503, "the database stayed locked",
        cause: "Another program, for instance a backup or a database shell, kept a write lock for too long.",
        remedy: "End the other program, then try again; copy the database with `watchbell backup`, which never blocks.";
    STORE_FAILED = "store-failed", 503, "the disk failed",
        cause: "Reading or writing the database failed; the detail has the system's own words.",
        remedy: "Look at the system log for disk errors. What was answered before is intact as far as the disk is.";
    STORE_CORRUPT = "store-corrupt", 503, "the database is damaged",
        cause: "Rows or pages cannot be read: a failing disk, a copy made without `watchbell backup`, or an edit by hand.",
        remedy: "Keep a copy of the directory, run `watchbell audit verify` on it, and restore the last good backup.";
    STORE_MOVED = "store-moved", 503, "the journal moved on",
        cause: "The right to write next was lost, since deciding took longer than a node may keep others waiting, or was interrupted; another node has written since. Nothing was written.",
        remedy: "Send the request again. If it keeps happening, look for a machine that stops for seconds: too little memory, or a paused virtual machine.";
    CLOCK_OFF = "clock-off", 503, "this machine's clock differs from the database's",
        cause: "The two are more than 2 s apart, so that this node would keep other deadlines than the nodes beside it. It writes nothing.",
        remedy: "Check time synchronisation (NTP) on this machine and on the database's. The node goes on by itself once they agree.";
    DECIDES_OLDER = "decides-older", 503, "a newer version of this program decides on this journal",
        cause: "Another node, of a later version, has written what this version would decide otherwise or cannot read.",
        remedy: "Upgrade this node to the version of the others. It has written nothing, and the others go on.";
    STORE_CONSTRAINT = "store-constraint", 500, "the change contradicts what is stored",
        cause: "A row that must be new exists already, or one that must exist does not. Nothing was written.",
        remedy: "This is a defect of Watchbell: please report it with the detail. Everything else goes on.";
    STORE_UNREACHABLE = "store-unreachable", 503, "the database server cannot be reached",
        cause: "PostgreSQL does not answer at its address, is starting or shutting down, has no connection left, or the connection was lost. What was answered before is on its disk.",
        remedy: "Check that the server runs and can be reached from this machine. Watchbell connects again by itself; requests that were refused meanwhile can be sent again.";
    STORE_REJECTED = "store-rejected", 503, "the database server does not let us in",
        cause: "The user, the password, the database's name or the user's rights do not fit, or the schema belongs to somebody else.",
        remedy: "Correct `WATCHBELL_DATABASE_URL`, or let the user own the database: `CREATE DATABASE watchbell OWNER watchbell`.";
    STORE_ADDRESS = "store-address", 422, "the URL of the database cannot be used",
        cause: "It is not of the form `postgres://user:password@host/database`, or a parameter is unknown or has no such value.",
        remedy: "Correct what the detail names. Encryption is `sslmode=require`, or `sslmode=disable` in a trusted network; certificates are verified with the machine's authorities or those of `sslrootcert=FILE`.";
    CLOCK_BACKWARDS = "clock-backwards", 503, "the clock went backwards",
        cause: "The machine's time lies before the last time in the journal, and journal time only moves forward.",
        remedy: "Correct the machine's clock and keep it synchronised (NTP); then start again.";
    TZDATA_OLDER = "tzdata-older", 503, "this program's time zone data is older than the journal's",
        cause: "The last batch was decided with later time zone data than the one compiled into this program, so that deadlines of both would differ.",
        remedy: "Run the version of Watchbell that wrote last, or a newer one. Nothing was written.";
    RESTORED = "restored", 503, "the journal was restored from a backup",
        cause: "Somebody ran `watchbell restore`. What was recorded after the backup is gone, and what was sent after it cannot be known.",
        remedy: "Go through the open incidents with the people who worked on them; clocks go on. Revoke again the tokens and accounts that were revoked since the backup.";
    DETECTORS_RESTARTED = "detectors-restarted", 503, "triggers began to count anew",
        cause: "The store holds what these triggers remembered in a form that this version does not read, mostly after an upgrade.",
        remedy: "Look through the signals of the last hours for what they may have missed. New signals count from now on; nothing else is lost.";
    JOURNAL_ALTERED = "journal-altered", 500, "the journal was altered",
        cause: "At the position named, the stored rows do not give the hash that was recorded when they were written.",
        remedy: "Keep a copy as evidence, find who could write to the database, and compare with a backup and the head's hash in past weekly reviews.";
    INCIDENT_ROWS_ALTERED = "incident-rows-altered", 500, "an incident is stored otherwise than its events tell",
        cause: "The row of an incident was edited, added or deleted by hand, or by a defect. The chain covers events, so they are what holds.",
        remedy: "Keep the file as evidence. For a backup run `watchbell restore` with `--refold`; for a data directory stop the server and run `watchbell audit refold --repair`: both write the rows anew from the events.";
}
