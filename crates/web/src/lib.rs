//! HTTP: the API, the pages, health and metrics.
