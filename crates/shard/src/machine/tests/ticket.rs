//! What is known of a ticket stays known for as long as the ticket could be shown, whatever the clock did meanwhile.

use super::*;
use crate::command::Ticket;
use crate::store::TicketFate;
use base::{TenantId, UserId};
use rpc::{Caller, TicketId};

/// How a ticket ends before its time.
type End = fn(Ticket) -> Command;

impl Shard {
    /// Ends a ticket; gives what had become of it before.
    fn end_ticket(&mut self, end: End, expires_ms: u64) -> Option<TicketFate> {
        let ticket = Ticket { origin: self.origin("ada"), id: [1; 16], slot: 5, expires_ms };
        match self.feed(Entry::Commands(vec![end(ticket)])).remove(0) {
            Outcome::Ticket(before) => before,
            Outcome::One(_) | Outcome::Edits(_) => panic!("a ticket has an outcome of its own"),
        }
    }
}

#[test]
fn a_ticket_that_has_ended_stays_so_though_the_clock_stepped_ahead_and_back() {
    let ends: [(End, TicketFate); 2] =
        [(Command::SpendTicket, TicketFate::Spent), (Command::RevokeTicket, TicketFate::Revoked)];
    // Before the clock stepped, and after.
    for ((end, fate), ended_first) in ends.into_iter().flat_map(|end| [(end, true), (end, false)]) {
        let mut shard = shard();
        let begun = shard.time_ms;
        let expires = begun + HOUR_MS;
        if ended_first {
            assert_eq!(shard.end_ticket(end, expires), None);
        }
        shard.time_ms = begun + 20 * HOUR_MS;
        shard.create(doc(1), "ada", 1).unwrap();
        shard.time_ms = begun + 10;
        if !ended_first {
            assert_eq!(shard.end_ticket(end, expires), None);
        }
        shard.time_ms = expires - 10;
        assert_eq!(shard.end_ticket(Command::SpendTicket, expires), Some(fate));

        // It is forgotten in the end.
        shard.time_ms = begun + 20 * HOUR_MS + HOUR_MS + TICKETS_KEPT_MS;
        shard.create(doc(2), "ada", 2).unwrap();
        let later = shard.time_ms + HOUR_MS;
        assert_eq!(shard.end_ticket(end, later), None);
    }
}

/// What a machine says from now on of tickets that are taken back.
fn heard_of(machine: &Machine) -> Arc<Mutex<Vec<(Caller, TicketId)>>> {
    let heard = Arc::new(Mutex::new(vec![]));
    machine.on_revoked({
        let heard = heard.clone();
        Arc::new(move |caller, ticket| heard.lock().push((caller.clone(), ticket)))
    });
    heard
}

#[test]
fn who_took_a_ticket_back_is_told_with_it() {
    let mut shard = shard();
    let heard = heard_of(&shard.machine);
    let expires = shard.time_ms + HOUR_MS;
    shard.end_ticket(Command::SpendTicket, expires);
    shard.end_ticket(Command::RevokeTicket, expires);
    let ada = Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new("ada").unwrap() };
    assert_eq!(*heard.lock(), [(ada, TicketId([1; 16]))]);
}

#[test]
fn a_replica_that_takes_in_a_snapshot_tells_of_the_tickets_that_were_taken_back_in_it() {
    let (mut leader, replica) = (shard(), shard());
    let heard = heard_of(&replica.machine);
    let expires = leader.time_ms + HOUR_MS;
    leader.create(doc(1), "ada", 1).unwrap();
    leader.end_ticket(Command::SpendTicket, expires);
    replica.machine.install(leader.machine.snapshot().unwrap()).unwrap();
    assert_eq!(*heard.lock(), [], "it was used up, and that is all");
    leader.end_ticket(Command::RevokeTicket, expires);
    let ada = Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new("ada").unwrap() };
    // Once is enough.
    for _ in 0..2 {
        replica.machine.install(leader.machine.snapshot().unwrap()).unwrap();
        assert_eq!(*heard.lock(), [(ada.clone(), TicketId([1; 16]))]);
    }
}
