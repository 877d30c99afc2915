//! Images that a record names by a path: read, relative to a base directory and inside it.
