//! Sessions as their sockets and stock peers see them.

mod access;
mod birth;
mod bulk;
mod crowded;
mod follow;
mod hostile;
mod large;
mod locks;
mod meanwhile;
mod past;
mod renamed;
mod resumed;
mod together;
pub(crate) mod world;
