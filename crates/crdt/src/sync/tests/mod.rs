//! The engine against stock peers, in a world where messages cross, get lost and wait.

mod codec;
mod simulation;
mod world;
