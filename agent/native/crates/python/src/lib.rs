//! The Rust data plane of Crossborder for Python: conversion only. `crossborder_native.pyi` says what is here.

mod engine;
mod pseudonyms;
mod settings;
mod tick;

use pyo3::prelude::*;

/// Flows come and go by the hundred thousand a second, each with some small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The extension module.
#[pymodule]
mod crossborder_native {
    #[pymodule_export]
    use crate::engine::{Engine, linktype_of};
    #[pymodule_export]
    use crate::pseudonyms::Pseudonyms;
    #[pymodule_export]
    use crate::settings::{ContentSearch, Home, Settings, fuse};
    #[pymodule_export]
    use crate::tick::{Reports, Tick};

    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
