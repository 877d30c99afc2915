//! Chunks that are packed by whichever thread comes, beside each other, and filed one after the other.
//!
//! A chunk belongs to rows, and rows are known only in the turn: so a sink cuts chunks there, and leaves
//! the packing (compression, mostly) as a [`Job`] to the thread that brought the last row of it.
//! [`Line`] then puts what they packed into the order of the chunks, so that the file is the same
//! for any number of threads. There are as many chunks in flight as threads bring in one part.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::threads::Job;

/// What is filed into, one thread at a time, in the order of the tickets.
pub(crate) struct Line<T> {
    state: Mutex<State<T>>,
    moved: Condvar,
}

struct State<T> {
    /// `None` when a ticket was lost: nothing after it may be filed any more.
    next: Option<u64>,
    file: T,
}

/// A place in the line. A ticket that is dropped unused ends the line.
pub(crate) struct Ticket<T> {
    line: Arc<Line<T>>,
    number: u64,
    used: bool,
}

impl<T> Line<T> {
    /// A line before `file`; its first ticket has number 0.
    pub(crate) fn new(file: T) -> Arc<Self> {
        let state = Mutex::new(State { next: Some(0), file });
        Arc::new(Self { state, moved: Condvar::new() })
    }

    /// The ticket of this number: each exactly once, from 0 on, without gaps.
    pub(crate) fn ticket(self: &Arc<Self>, number: u64) -> Ticket<T> {
        Ticket { line: Arc::clone(self), number, used: false }
    }

    /// Does something with what is after the line, when nobody waits any more.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut self.lock().file)
    }

    /// Waits until everything before the ticket of this number is filed.
    ///
    /// # Errors
    /// Kind `io` where a ticket was lost, so that not everything will be.
    fn filed(&self, number: u64) -> Result<()> {
        let mut state = self.lock();
        while state.next.is_some_and(|next| next < number) {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let lost = || Error::new(ErrorKind::Io, "the output could not be written");
        state.next.map(|_| ()).ok_or_else(lost)
    }

    /// What is after the line, when nobody waits any more.
    pub(crate) fn into_inner(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).file
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Ticket<T> {
    /// Waits until everything before this ticket is filed, then files. Where a ticket was lost before, nothing
    /// is filed: whoever lost it says why, and that is the error of the run.
    pub(crate) fn file(mut self, act: impl FnOnce(&mut T) -> Result<()>) -> Result<()> {
        let mut state = self.line.lock();
        while state.next.is_some_and(|next| next != self.number) {
            state = self.line.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.next.is_none() {
            return Ok(());
        }
        let filed = act(&mut state.file);
        if filed.is_ok() {
            state.next = Some(self.number + 1);
            drop(state);
            self.line.moved.notify_all();
            self.used = true;
        }
        filed
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        if !self.used {
            self.line.lock().next = None;
            self.line.moved.notify_all();
        }
    }
}

/// What makes of a chunk what is filed.
type Pack<P> = dyn Fn(&[u8]) -> Result<P> + Send + Sync;

/// Cuts rows into chunks of one length, and has them packed and filed.
pub(crate) struct Chunks<T, P> {
    len: usize,
    current: Vec<u8>,
    full: Vec<Vec<u8>>,
    /// Chunks that were handed out.
    number: u64,
    line: Arc<Line<T>>,
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
    pack: Arc<Pack<P>>,
    put: fn(&mut T, u64, P) -> Result<()>,
}

impl<T: Send + 'static, P: Send + 'static> Chunks<T, P> {
    /// Chunks of `len` bytes for `line`: `pack` makes of each what `put` files, with its number.
    pub(crate) fn new(
        len: usize,
        line: Arc<Line<T>>,
        pack: impl Fn(&[u8]) -> Result<P> + Send + Sync + 'static,
        put: fn(&mut T, u64, P) -> Result<()>,
    ) -> Self {
        Self {
            len: len.max(1),
            current: Vec::new(),
            full: Vec::new(),
            number: 0,
            line,
            spare: Arc::default(),
            pack: Arc::new(pack),
            put,
        }
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.current.capacity() == 0 {
                self.current = self.spare(self.len)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.len - self.current.len()));
            self.current.extend_from_slice(now);
            bytes = later;
            if self.current.len() == self.len {
                self.full.push(std::mem::take(&mut self.current));
            }
        }
        Ok(())
    }

    /// An empty buffer with room for so many bytes, of a chunk that is filed if there is one.
    pub(crate) fn spare(&self, len: usize) -> Result<Vec<u8>> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = spare.unwrap_or_default();
        buffer.try_reserve_exact(len).map_err(|_| {
            let why = std::io::ErrorKind::OutOfMemory.into();
            Error::io(format_args!("cannot hold a chunk of {len} bytes"), why)
        })?;
        Ok(buffer)
    }

    /// Appends a chunk that was cut elsewhere, of any length.
    pub(crate) fn push(&mut self, chunk: Vec<u8>) {
        self.full.push(chunk);
    }

    /// The packing and filing of the chunks that are full.
    pub(crate) fn job(&mut self) -> Option<Job> {
        if self.full.is_empty() {
            return None;
        }
        let chunks: Vec<_> = std::mem::take(&mut self.full)
            .into_iter()
            .map(|chunk| {
                self.number += 1;
                (chunk, self.line.ticket(self.number - 1))
            })
            .collect();
        let (pack, put, spare) = (Arc::clone(&self.pack), self.put, Arc::clone(&self.spare));
        Some(Box::new(move || {
            // All of them are packed before the first may have to wait.
            let mut packed = Vec::with_capacity(chunks.len());
            for (mut chunk, ticket) in chunks {
                packed.push((pack(&chunk)?, ticket));
                chunk.clear();
                spare.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
            }
            for (chunk, ticket) in packed {
                let number = ticket.number;
                ticket.file(|file| put(file, number, chunk))?;
            }
            Ok(())
        }))
    }

    /// Waits until all chunks are filed that are full, whoever packs them; what there is of the next one.
    pub(crate) fn left(&mut self) -> Result<&[u8]> {
        if let Some(job) = self.job() {
            job()?;
        }
        // The threads that have their jobs need no turn for them.
        self.line.filed(self.number)?;
        Ok(&self.current)
    }

    /// Packs and files what is left, a chunk that is shorter than the others; with `pad` as long as they
    /// are, by zeros. Every job is done.
    pub(crate) fn last(&mut self, pad: bool) -> Result<()> {
        if !self.left()?.is_empty() {
            let mut chunk = std::mem::take(&mut self.current);
            if pad {
                chunk.resize(self.len, 0);
            }
            self.full.push(chunk);
            self.left()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_filed_in_order_by_any_number_of_threads() {
        for threads in [1, 2, 8] {
            let line = Line::new(Vec::new());
            let pack = |chunk: &[u8]| {
                // The first are the slowest.
                std::thread::sleep(std::time::Duration::from_micros(500 - u64::from(chunk[0])));
                Ok(chunk.to_vec())
            };
            let put = |file: &mut Vec<(u64, Vec<u8>)>, number, chunk: Vec<u8>| {
                file.push((number, chunk));
                Ok(())
            };
            let chunks = Mutex::new((Chunks::new(10, Arc::clone(&line), pack, put), 0u8));
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        loop {
                            let job = {
                                let mut turn = chunks.lock().expect("a turn");
                                if turn.1 == 200 {
                                    break;
                                }
                                let from = turn.1;
                                turn.1 += 25;
                                let bytes: Vec<u8> = (from..from + 25).collect();
                                turn.0.write(&bytes).expect("written");
                                turn.0.job()
                            };
                            job.map_or(Ok(()), |job| job()).expect("packed");
                        }
                    });
                }
            });
            let mut chunks = chunks.into_inner().expect("chunks").0;
            chunks.write(&[200, 201]).expect("written");
            chunks.last(true).expect("filed");
            let filed = line.with(std::mem::take);
            let mut want: Vec<u8> = (0..202).collect();
            want.resize(210, 0);
            assert!(filed.iter().map(|c| c.0).eq(0..21));
            assert!(filed.iter().flat_map(|c| &c.1).eq(&want));
        }
    }

    #[test]
    fn a_lost_ticket_ends_the_line() {
        let line = Line::new(0);
        let put = |filed: &mut u64, _, (): ()| {
            *filed += 1;
            if *filed == 2 { Err(Error::limit("full")) } else { Ok(()) }
        };
        let mut chunks = Chunks::new(2, Arc::clone(&line), |_| Ok(()), put);
        let job = |chunks: &mut Chunks<u64, ()>| {
            chunks.write(&[1, 2]).expect("written");
            chunks.job().expect("a full chunk")
        };
        let jobs = [job(&mut chunks), job(&mut chunks), job(&mut chunks)];
        // The error is the one of the chunk that could not be filed.
        let ends = jobs.map(|job| job().map_err(|e| e.to_string()));
        assert_eq!(ends, [Ok(()), Err("full".to_string()), Ok(())]);
        assert!(chunks.last(true).is_err());
        assert_eq!(line.with(|filed| *filed), 2);
    }
}
