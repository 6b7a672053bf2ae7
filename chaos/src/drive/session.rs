//! One client over REST: each operation is noted when it is sent and when it is settled, and one follows the other.

use std::io;
use std::sync::Arc;

use hyper::Method;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::http::{Call, Http, Settled};
use super::notes::{Ended, Notes};
use super::places::{Paper, Places, User};
use super::settle::Reply;
use crate::history::{Answer, Ask, ClientId, Document, Kind};
use crate::ledger::Mark;

/// What all clients share.
pub struct Scene {
    /// The documents.
    pub places: Places,
    /// The history.
    pub notes: Notes,
    /// The users.
    pub tokens: Vec<Arc<str>>,
    /// Marks that a document holds before it gets a successor.
    pub marks: u64,
}

/// Gives every mark once.
#[derive(Debug)]
pub struct Mint {
    client: ClientId,
    made: u32,
}

/// A client over REST.
pub struct Session {
    /// Which.
    pub client: ClientId,
    /// What all share.
    pub scene: Arc<Scene>,
    /// Chooses what it does.
    pub dice: StdRng,
    http: Http,
    mint: Mint,
}

/// What a document was seen to be.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Its version.
    pub version: u64,
    /// The tag of that.
    pub tag: String,
    /// Its text.
    pub text: String,
}

impl Mint {
    /// The marks of one client.
    pub fn new(client: ClientId) -> Mint {
        Mint { client, made: 0 }
    }

    /// A mark that nobody else has.
    pub fn next(&mut self) -> Mark {
        self.made += 1;
        Mark(u64::from(self.client.0) << 32 | u64::from(self.made))
    }
}

impl Session {
    /// A client that has done nothing yet.
    pub fn new(client: ClientId, scene: Arc<Scene>, dice: StdRng, http: Http) -> Session {
        Session { client, scene, dice, http, mint: Mint::new(client) }
    }

    /// Creates a document that holds one mark; nothing if that is not known to have been done.
    pub async fn create(&mut self, user: User) -> io::Result<Option<Arc<Paper>>> {
        let mark = self.mint.next();
        let text = mark.to_string();
        let body = json!({"name": text, "content": text, "doc_type": "Text"});
        let call = self.write(Method::POST, "/documents".into(), user, body, mark);
        let ask = Ask { client: self.client, shard: None, document: None, kind: Kind::Create { mark } };
        let Some((reply, answer)) = self.settle(ask, &call).await? else { return Ok(None) };
        let id = reply.body["id"].as_str().map(Document::from);
        Ok(id.map(|id| Arc::new(Paper::new(id, user, &answer))))
    }

    /// Puts a mark in front of the text of a version that somebody was told.
    pub async fn splice(&mut self, paper: &Paper, version: u64) -> io::Result<()> {
        let mark = self.mint.next();
        let op = json!({"op": "splice", "position": 0, "insert": mark.to_string()});
        let body = json!({"version": version, "ops": [op]});
        let call = self.write(Method::PATCH, paper.path(), paper.user, body, mark);
        self.edit(paper, Kind::Edit { mark, base: version }, &call).await
    }

    /// Replaces the text that was seen by the same text and a mark; the hub merges.
    pub async fn replace(&mut self, paper: &Paper, seen: &Sight) -> io::Result<()> {
        let mark = self.mint.next();
        let body = json!({"version": seen.version, "content": format!("{}{mark}", seen.text)});
        let call = self.write(Method::PUT, paper.path(), paper.user, body, mark);
        self.edit(paper, Kind::Edit { mark, base: seen.version }, &call).await
    }

    /// The same, if the document still is what was seen.
    pub async fn swap(&mut self, paper: &Paper, seen: Sight) -> io::Result<()> {
        let mark = self.mint.next();
        let body = json!({"content": format!("{}{mark}", seen.text)});
        let call = self
            .write(Method::PUT, paper.path(), paper.user, body, mark)
            .with("if-match", format!("\"{}\"", seen.tag));
        self.edit(paper, Kind::Swap { mark, tag: seen.tag }, &call).await
    }

    /// Reads the newest state.
    pub async fn read(&mut self, paper: &Paper) -> io::Result<Option<Sight>> {
        let call = Call::get(paper.path(), self.token(paper.user));
        self.look(paper, Kind::Read, &call).await
    }

    /// Reads at the newest revision of the document's shard that anybody was told.
    pub async fn read_at(&mut self, paper: &Paper) -> io::Result<Option<Sight>> {
        let at_least = paper.shard.and_then(|shard| self.scene.places.newest(shard));
        let mut call = Call::get(paper.path(), self.token(paper.user));
        if let Some(revision) = at_least {
            call = call.with("hub-at-least", format!("{}.{}", revision.shard.0, revision.index));
        }
        self.look(paper, Kind::ReadAt { at_least }, &call).await
    }

    /// Sends a request that is not part of the history.
    pub async fn ask(&mut self, call: &Call) -> Settled {
        self.http.settle(call).await
    }

    /// Puts a successor into the place of a document that has enough marks.
    pub async fn renew(&mut self, place: usize, paper: &Paper) -> io::Result<()> {
        if paper.should_leave(self.scene.marks) {
            match self.create(paper.user).await? {
                Some(next) => self.scene.places.succeed(place, next),
                None => paper.stays(),
            }
        }
        Ok(())
    }

    /// The token of a user.
    pub fn token(&self, user: User) -> Arc<str> {
        self.scene.tokens[user].clone()
    }

    fn write(&self, method: Method, path: String, user: User, body: Value, mark: Mark) -> Call {
        Call::write(method, path, self.token(user), body, format!("{:016x}", mark.0))
    }

    async fn edit(&mut self, paper: &Paper, kind: Kind, call: &Call) -> io::Result<()> {
        paper.count();
        self.settle(self.about(paper, kind), call).await?.into_iter().for_each(|(_, answer)| {
            answer.version.into_iter().for_each(|version| paper.told(version));
        });
        Ok(())
    }

    async fn look(&mut self, paper: &Paper, kind: Kind, call: &Call) -> io::Result<Option<Sight>> {
        let Some((reply, answer)) = self.settle(self.about(paper, kind), call).await? else {
            return Ok(None);
        };
        let text = reply.text().map(str::to_owned);
        let shown = answer.version.zip(answer.tag).zip(text);
        Ok(shown.map(|((version, tag), text)| Sight { version, tag, text }))
    }

    fn about(&self, paper: &Paper, kind: Kind) -> Ask {
        Ask { client: self.client, shard: paper.shard, document: Some(paper.id.clone()), kind }
    }

    /// Notes an operation, sends it until it is settled, and notes its end. Gives what was said if it is done.
    async fn settle(&mut self, ask: Ask, call: &Call) -> io::Result<Option<(Reply, Answer)>> {
        let (document, is_write) = (ask.document.clone(), ask.kind.is_write());
        let op = self.scene.notes.invoke(ask)?;
        let settled = self.http.settle(call).await;
        let (reply, is_done) = match settled {
            Settled::Done(reply) => (reply, true),
            // That there is nothing to be read is an answer.
            Settled::Refused(reply) => (reply.clone(), reply.is_absent() && !is_write),
            Settled::Unknown => {
                self.scene.notes.end(op, Ended::Unknown)?;
                return Ok(None);
            }
        };
        let mut answer = reply.answer();
        if document.is_none() {
            answer.document = reply.body["id"].as_str().map(Document::from);
        }
        if let (Some(document), Some(text)) = (document.as_ref().or(answer.document.as_ref()), reply.text()) {
            answer.seen = Some(self.scene.notes.seen(document, text)?);
        }
        answer.revision.into_iter().for_each(|revision| self.scene.places.revision(revision));
        if is_done {
            self.scene.notes.end(op, Ended::Ok(answer.clone()))?;
            return Ok(Some((reply, answer)));
        }
        self.scene.notes.end(op, Ended::Failed(reply.reason(), answer))?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_clients_have_a_mark_in_common() {
        let (mut one, mut two) = (Mint::new(ClientId(1)), Mint::new(ClientId(2)));
        assert_eq!([one.next(), one.next()], [Mark(1 << 32 | 1), Mark(1 << 32 | 2)]);
        assert_eq!(two.next(), Mark(2 << 32 | 1));
    }
}
