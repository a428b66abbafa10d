//! Wire formats to signals, one file per format.
