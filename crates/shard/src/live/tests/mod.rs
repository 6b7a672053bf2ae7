//! Sessions as their sockets and stock peers see them.

mod access;
mod birth;
mod follow;
mod together;
mod world;
