//! Pseudonyms as Python sees them.

use dataplane::pseudonyms::{Key, Pseudonyms as Keyed, key_of};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What a secret makes of addresses (16 bytes, IPv4 mapped) and ids.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Pseudonyms(Keyed);

#[pymethods]
impl Pseudonyms {
    /// Raises ValueError where both halves of the secret are the same.
    #[new]
    fn new(secret: [u8; 32]) -> PyResult<Self> {
        Keyed::new(secret).map(Self).ok_or_else(|| PyValueError::new_err("both halves of the secret are the same"))
    }

    /// The pseudonym of each address, and its text.
    fn hide(&self, py: Python<'_>, keys: Vec<Key>) -> Vec<(Key, String)> {
        py.detach(|| keys.into_iter().map(|key| told(self.0.hide(key))).collect())
    }

    /// The address of each pseudonym, and its text.
    fn reveal(&self, py: Python<'_>, keys: Vec<Key>) -> Vec<(Key, String)> {
        py.detach(|| keys.into_iter().map(|key| told(self.0.reveal(key))).collect())
    }

    /// The pseudonym of each id; there is no way back.
    fn ids(&self, py: Python<'_>, ids: Vec<u64>) -> Vec<u64> {
        py.detach(|| ids.into_iter().map(|id| self.0.id(id)).collect())
    }
}

fn told(address: std::net::IpAddr) -> (Key, String) {
    (key_of(address), address.to_string())
}
