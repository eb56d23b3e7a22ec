//! MIME parts.
