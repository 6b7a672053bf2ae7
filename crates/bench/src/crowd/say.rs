//! What a header-only client says: the sync messages of a stock client in the same place.

use super::Hash;
use automerge::ChangeHash;
use automerge::sync::{BloomFilter, ChunkList, Have, Message, MessageFlags, MessageVersion};

/// What a client without anything says first: it wants the document.
pub fn request() -> Vec<u8> {
    message(Say { heads: &[], shared: &[], unshared: &[], need: &[], changes: None })
}

/// What a client says that has just taken in everything up to `heads`, and has nothing of its own.
pub fn acknowledge(heads: &[Hash]) -> Vec<u8> {
    message(Say { heads, shared: heads, unshared: &[], need: &[], changes: Some(Vec::new()) })
}

/// A sync message.
#[derive(Debug)]
pub struct Say<'a> {
    /// The client's heads.
    pub heads: &'a [Hash],
    /// What the client knows that the server has.
    pub shared: &'a [Hash],
    /// The client's changes since then, those carried here among them.
    pub unshared: &'a [Hash],
    /// What the client asks for by name.
    pub need: &'a [Hash],
    /// Chunks of changes, one behind the other. `None` while the server has not said that it knows version 2.
    pub changes: Option<Vec<u8>>,
}

/// Its bytes, as Automerge itself writes them.
pub fn message(say: Say<'_>) -> Vec<u8> {
    let Say { heads, shared, unshared, need, changes } = say;
    let unshared: Vec<ChangeHash> = owned(unshared);
    let mut flags = MessageFlags::new();
    flags.set(MessageFlags::SUPPORTS_SYNC_RESET);
    let (version, changes) = match changes {
        None => (MessageVersion::V1, ChunkList::empty()),
        Some(chunks) if chunks.is_empty() => (MessageVersion::V2, ChunkList::empty()),
        Some(chunks) => (MessageVersion::V2, ChunkList::from(chunks)),
    };
    let have = Have { last_sync: owned(shared), bloom: BloomFilter::from_hashes(unshared.iter()) };
    Message { heads: owned(heads), need: owned(need), have: vec![have], changes, flags: Some(flags), version }
        .encode()
}

fn owned(hashes: &[Hash]) -> Vec<ChangeHash> {
    hashes.iter().copied().map(ChangeHash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::TEXT;
    use automerge::sync::{State, SyncDoc};
    use automerge::transaction::Transactable;
    use automerge::{AutoCommit, ObjType, ROOT};

    /// A stock client and a stock server that agree about a short text.
    struct Agreed {
        client: AutoCommit,
        client_state: State,
        server: AutoCommit,
        server_state: State,
    }

    fn agreed() -> Agreed {
        let mut server = AutoCommit::new();
        let text = server.put_object(ROOT, TEXT, ObjType::Text).unwrap();
        for position in 0..100 {
            server.splice_text(&text, position, 0, "x").unwrap();
            server.commit();
        }
        let mut agreed = Agreed {
            client: AutoCommit::new(),
            client_state: State::new(),
            server,
            server_state: State::new(),
        };
        while agreed.tell_server().is_some() | agreed.tell_client().is_some() {}
        agreed
    }

    impl Agreed {
        fn tell_server(&mut self) -> Option<Vec<u8>> {
            let message = self.client.sync().generate_sync_message(&mut self.client_state)?;
            self.server.sync().receive_sync_message(&mut self.server_state, message.clone()).unwrap();
            Some(message.encode())
        }

        fn tell_client(&mut self) -> Option<Vec<u8>> {
            let message = self.server.sync().generate_sync_message(&mut self.server_state)?;
            self.client.sync().receive_sync_message(&mut self.client_state, message.clone()).unwrap();
            Some(message.encode())
        }

        fn heads(document: &mut AutoCommit) -> Vec<Hash> {
            document.get_heads().iter().map(|head| head.0).collect()
        }
    }

    #[test]
    fn a_request_is_that_of_a_stock_client() {
        let first = AutoCommit::new().sync().generate_sync_message(&mut State::new()).unwrap().encode();
        assert_eq!(request(), first);
    }

    #[test]
    fn an_acknowledgement_is_that_of_a_stock_client() {
        let mut agreed = agreed();
        agreed.server.put(ROOT, "title", "more").unwrap();
        agreed.tell_client().unwrap();
        let heads = Agreed::heads(&mut agreed.client);
        assert_eq!(acknowledge(&heads), agreed.tell_server().unwrap());
        assert_eq!(agreed.tell_server(), None, "a stock client says it once");
    }

    #[test]
    fn a_change_is_sent_as_a_stock_client_sends_it() {
        let mut agreed = agreed();
        let shared = Agreed::heads(&mut agreed.client);
        agreed.client.put(ROOT, "title", "mine").unwrap();
        let heads = Agreed::heads(&mut agreed.client);
        let change = agreed.client.get_last_local_change().unwrap().raw_bytes().to_vec();
        let say = Say { heads: &heads, shared: &shared, unshared: &heads, need: &[], changes: Some(change) };
        assert_eq!(message(say), agreed.tell_server().unwrap());
    }
}
