//! The controller: one process of the cluster, elected and fenced, that writes down what goes where.
//!
//! What to do is decided by a pure function of the view, [`decide`]; the loop around it stands for election, and performs.
//! Every write compares that the election is still this process's, so that a controller that was frozen for an hour and
//! does not know it changes nothing.

mod brake;
mod decide;
mod perform;
mod reign;
mod rules;
#[cfg(test)]
mod tests;

pub use brake::Brake;
pub use decide::{Action, Because, Decision, decide};
pub use reign::Controller;
pub use rules::Rules;
