//! Stream probes.
