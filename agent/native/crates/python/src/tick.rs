//! What a tick hands over to Python.

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use dataplane::books::Books;
use dataplane::model::DropReason;
use dataplane::report::{self, Tick as Closed};
use dataplane::search::Limit;
use dataplane::worker::Shed;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

/// Reports in columns, handed over by the Arrow PyCapsule interface.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Reports {
    batches: Vec<RecordBatch>,
}

#[pymethods]
impl Reports {
    /// The batches as an Arrow C stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema); // a wish that may be left unheard
        let schema = self.batches.first().map_or_else(report::schema, RecordBatch::schema);
        let batches = RecordBatchIterator::new(self.batches.clone().into_iter().map(Ok), schema);
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
    }

    /// How many reports there are.
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// What an engine hands over at each tick.
#[pyclass(module = "crossborder_native", frozen, get_all)]
pub struct Tick {
    reports: Py<Reports>,
    /// One dictionary per interface: packets, bytes, flow_packets …, dropped by reason, flows shed by work,
    /// flows whose content was not read wholly by limit.
    books: Vec<Py<PyDict>>,
    tick_ns: i64,
    flows_active: usize,
    reader_failures: u64,
    /// The most that was left out under load since the last tick: 0 nothing, 1 content, 2 some names, 3 names.
    shed: u8,
    lag_ns: i64,
    /// Places in the configuration of interfaces that are down or gone.
    down: Vec<u16>,
}

impl Tick {
    /// Converts a tick of the data plane.
    pub fn of(py: Python<'_>, tick: Closed) -> PyResult<Self> {
        Ok(Self {
            reports: Py::new(py, Reports { batches: tick.reports })?,
            books: tick.books.iter().map(|books| written(py, books)).collect::<PyResult<_>>()?,
            tick_ns: tick.tick_ns,
            flows_active: tick.flows_active,
            reader_failures: tick.reader_failures,
            shed: tick.shed as u8,
            lag_ns: tick.lag_ns,
            down: tick.down,
        })
    }
}

fn written(py: Python<'_>, books: &Books) -> PyResult<Py<PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("packets", books.packets)?;
    dict.set_item("bytes", books.bytes)?;
    dict.set_item("flow_packets", books.flow_packets)?;
    dict.set_item("flow_bytes", books.flow_bytes)?;
    dict.set_item("domestic_packets", books.domestic_packets)?;
    dict.set_item("domestic_bytes", books.domestic_bytes)?;
    let dropped = PyDict::new(py);
    for reason in DropReason::ALL {
        let packets = books.dropped(reason);
        if packets > 0 {
            dropped.set_item(reason.name(), packets)?;
        }
    }
    dict.set_item("dropped", dropped)?;
    let shed = PyDict::new(py);
    for work in Shed::ALL {
        let flows = books.flows_shed(work);
        if flows > 0 {
            shed.set_item(work.word(), flows)?;
        }
    }
    dict.set_item("shed", shed)?;
    let limited = PyDict::new(py);
    for limit in Limit::ALL {
        let flows = books.flows_limited(limit);
        if flows > 0 {
            limited.set_item(limit.word(), flows)?;
        }
    }
    dict.set_item("limited", limited)?;
    Ok(dict.unbind())
}
