//! Under which names the sessions of a document speak: pure.
//!
//! Gateways bind the names of peers, each those of its own sockets. Where peers of several gateways meet, at a document, a name
//! is whose spoke under it first, as long as that session lasts.

use base::UserId;
use std::collections::HashMap;
use std::sync::Arc;

/// The names, and who has them.
#[derive(Debug, Default)]
pub struct Names {
    holders: HashMap<Arc<str>, (u64, UserId)>,
    /// The name of each session that has spoken.
    spoken: HashMap<u64, Arc<str>>,
}

impl Names {
    /// Gives a name to a session of a user, if no session of another one has it. From another session of the same user it is
    /// taken: its client came back.
    pub fn lend(&mut self, session: u64, user: &UserId, name: &Arc<str>) -> bool {
        match self.holders.get(name) {
            Some((holder, _)) if *holder == session => return true,
            Some((_, whose)) if whose != user => return false,
            _ => {}
        }
        self.leave(session);
        self.holders.insert(name.clone(), (session, user.clone()));
        self.spoken.insert(session, name.clone());
        true
    }

    /// A session is over.
    pub fn leave(&mut self, session: u64) {
        let Some(name) = self.spoken.remove(&session) else { return };
        if self.holders.get(&name).is_some_and(|(holder, _)| *holder == session) {
            self.holders.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_users_until_the_session_is_over() {
        let [ada, bob] = ["ada", "bob"].map(|name| UserId::new(name).unwrap());
        let [name, other] = ["peer-1", "peer-2"].map(Arc::from);
        let mut names = Names::default();
        assert!(names.lend(1, &ada, &name) && names.lend(1, &ada, &name));
        assert!(!names.lend(2, &bob, &name) && names.lend(2, &bob, &other));
        // Her client came back before its end was noticed.
        assert!(names.lend(3, &ada, &name));
        names.leave(1);
        assert!(!names.lend(2, &bob, &name));
        names.leave(3);
        assert!(names.lend(2, &bob, &name) && names.lend(4, &ada, &other));
        names.leave(2);
        names.leave(4);
        assert!(names.holders.is_empty() && names.spoken.is_empty());
    }
}
