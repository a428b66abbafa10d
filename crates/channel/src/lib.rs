//! Deliveries to the outside world, one file per channel; an outcome is a value.
