//! Station 2: cut a stream of bytes into batches of record spans.
