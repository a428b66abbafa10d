//! Policy and roster documents: parsing with spans, conditions, diagnostics. Pure.
