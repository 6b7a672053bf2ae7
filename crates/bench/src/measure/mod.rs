//! How a number comes to be: windows of a closed loop, CPU clocks, medians, figures.

mod alternate;
mod cpu;
mod figure;
mod histogram;
mod median;
mod rest;
mod usage;
mod window;

pub use alternate::{Alternation, alternate};
pub use cpu::{CLIENT_CORE, Cores, SERVER_CORE, pin_thread_to, process_cpu};
pub use figure::{Figure, Goal, Report};
pub use histogram::Histogram;
pub use median::median;
pub use rest::at_rest;
pub use usage::{Servers, Usage, Used};
pub use window::{Load, Measured, Worker, drive, sequence};
