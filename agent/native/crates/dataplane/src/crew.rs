//! Workers that share a capture, and the threads they work on.

use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use crate::flow::table::Idle;
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

/// Ends the flows of all workers that were idle the longest.
pub fn evict(workers: &mut [Worker], count: usize) {
    let mut idle: Vec<(Idle, usize)> = Vec::new();
    for (number, worker) in workers.iter_mut().enumerate() {
        idle.extend(worker.table.idlest(count).into_iter().map(|flow| (flow, number)));
    }
    let key = |(flow, _): &(Idle, usize)| (flow.seen_age, flow.opened_at);
    if idle.len() > count {
        idle.select_nth_unstable_by_key(count, key);
    }
    for (at, (flow, number)) in idle.iter().enumerate() {
        let Some(worker) = workers.get_mut(*number) else { continue };
        if at < count { worker.table.evict(flow.flow) } else { worker.table.keep(flow) }
    }
}
