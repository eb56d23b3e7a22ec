//! Datagram probes.
