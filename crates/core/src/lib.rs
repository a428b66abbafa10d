//! Signals, detectors, incidents, clocks and escalation: decide, evolve, due. Pure.
