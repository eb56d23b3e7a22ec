//! Puts the bytes of one direction of a TCP connection in order, within bounds.
