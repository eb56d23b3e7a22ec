//! Workers that share a capture, and the threads they work on.

use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use crate::worker::Worker;

/// Threads for workers.
///
/// # Errors
///
/// A sentence: the system gives none.
pub fn pool(threads: usize) -> Result<ThreadPool, String> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("worker-{number}"))
        .build()
        .map_err(|error| format!("no threads for {threads} workers: {error}"))
}

/// Has each worker do something, always on the same thread: what a thread asked memory for it gives back, and has near.
pub fn each(pool: Option<&ThreadPool>, workers: &mut [Worker], job: impl Fn(usize, &mut Worker) + Sync) {
    let Some(pool) = pool else {
        return workers.iter_mut().enumerate().for_each(|(number, worker)| job(number, worker));
    };
    let seats: Vec<Mutex<&mut Worker>> = workers.iter_mut().map(Mutex::new).collect();
    pool.broadcast(|thread| {
        if let Some(seat) = seats.get(thread.index()) {
            job(thread.index(), &mut seat.lock().unwrap_or_else(PoisonError::into_inner));
        }
    });
}
