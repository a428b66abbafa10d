//! Problems of the journal and its disk.

crate::codes! { STORAGE;
    STORE_NEWER = "store-newer", 503, "the database was written by a newer version",
        cause: "Its schema version is higher than the one that this program knows.",
        remedy: "Run the newer version of Watchbell, or restore a backup made with this one.";
}
