//! Sessions as their sockets and stock peers see them.

mod access;
mod birth;
mod together;
mod world;
