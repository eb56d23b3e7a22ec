//! The Rust data plane of Crossborder for Python: conversion only. `crossborder_native.pyi` says what is here.

mod engine;
mod tick;

use pyo3::prelude::*;

/// The extension module.
#[pymodule]
mod crossborder_native {
    #[pymodule_export]
    use crate::engine::{Engine, Home};
    #[pymodule_export]
    use crate::tick::{Reports, Tick};

    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
