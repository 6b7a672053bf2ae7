//! Why a change is not taken. Each reason is something that makes Automerge fail, or that no stock client
//! does; which of the two is said at the check that gives it.

use base::Hash;
use thiserror::Error;

use super::reader::Malformed;

/// The first thing wrong with bytes that were offered as changes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// The bytes do not follow the format of a chunk.
    #[error("not a well-formed chunk: {0}")]
    Malformed(#[from] Malformed),
    /// The bytes do not start as a chunk does.
    #[error("not an Automerge chunk: it does not start with the bytes 85 6f 4a 83")]
    NotAChunk,
    /// A chunk of a kind that is neither a document nor a change.
    #[error("chunks of type {chunk_type} are not taken; send documents (0) or changes (1, 2)")]
    UnknownChunkType {
        /// The type that the chunk names.
        chunk_type: u8,
    },
    /// The bytes are not those that the sender hashed.
    #[error("the checksum of a chunk does not match its bytes; send it again")]
    BadChecksum,
    /// A compressed part that does not inflate, or has bytes left over.
    #[error("a compressed part does not inflate")]
    BadCompression,
    /// More bytes, once inflated, than are taken at once.
    #[error("more than {limit} bytes once inflated; send less at once")]
    TooLarge {
        /// How many bytes are taken.
        limit: u64,
    },
    /// More changes that wait for others than are kept.
    #[error("more than {limit} changes name dependencies that are not there; send those first")]
    TooManyOrphans {
        /// How many are kept.
        limit: usize,
    },
    /// A document chunk whose changes are not the ones that its heads name.
    #[error("the changes of a document do not have the heads that it names")]
    WrongHeads,
    /// The same content has a shorter or more orderly form, and Automerge would save it in that form under
    /// another hash.
    #[error("change {change} is not written in its canonical form")]
    NotCanonical {
        /// The change.
        change: Hash,
    },
    /// An actor id that is empty or far longer than any library makes.
    #[error("an actor id has {len} bytes; 1 to {limit} are taken", limit = super::limits::ACTOR_BYTES)]
    BadActor {
        /// How long the id is.
        len: usize,
    },
    /// A time that no clock shows.
    #[error("change {change} has a time that no clock shows")]
    BadTime {
        /// The change.
        change: Hash,
    },
    /// Bytes after the operations that are not the name of an author, or in a change that is not its actor's
    /// first.
    #[error("change {change} has trailing bytes that are not the author of its actor")]
    BadFooter {
        /// The change.
        change: Hash,
    },
    /// A dependency that is named twice.
    #[error("change {change} names a dependency twice")]
    DuplicateDependency {
        /// The change.
        change: Hash,
    },
    /// The actor's changes before this one are missing.
    #[error("change {change} is number {seq} of its actor, whose next number is {next}")]
    SeqGap {
        /// The change.
        change: Hash,
        /// Its number.
        seq: u64,
        /// The number that it should have.
        next: u64,
    },
    /// Another change has the same actor and number: two writers share one actor id.
    #[error(
        "change {change} is number {seq} of its actor, and so is {other}; take a new actor id and make it again"
    )]
    DuplicateSeq {
        /// The change.
        change: Hash,
        /// Its number.
        seq: u64,
        /// The change that has this number.
        other: Hash,
    },
    /// The actor's previous change is not among the ancestors.
    #[error("change {change} does not follow its actor's previous change, {previous}")]
    PreviousChangeNotAncestor {
        /// The change.
        change: Hash,
        /// The actor's previous change.
        previous: Hash,
    },
    /// The operations are numbered as if they were older than what they depend on.
    #[error("change {change} starts at operation {start_op}, but its dependencies go up to {max_op}")]
    StartOpTooLow {
        /// The change.
        change: Hash,
        /// Where it starts.
        start_op: u64,
        /// The last operation of its ancestors.
        max_op: u64,
    },
    /// The operations are numbered so high that the numbers would run out.
    #[error("change {change} goes up to operation {max_op}, beyond {limit}", limit = super::limits::MAX_OP)]
    StartOpTooHigh {
        /// The change.
        change: Hash,
        /// Its last operation.
        max_op: u64,
    },
    /// A change without operations that leaves numbers out, which Automerge then misses when it loads the
    /// document.
    #[error("change {change} is empty and starts at operation {start_op} instead of {next}")]
    GapBeforeNothing {
        /// The change.
        change: Hash,
        /// Where it starts.
        start_op: u64,
        /// Where it should start.
        next: u64,
    },
    /// An operation names an actor that no ancestor has.
    #[error("change {change} names an actor that is not among its ancestors")]
    UnknownActor {
        /// The change.
        change: Hash,
    },
    /// An operation is in an object that its ancestors do not have.
    #[error("operation {op} of change {change} is in an object that does not exist")]
    UnknownObject {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// An operation is at a list element that its ancestors do not have.
    #[error("operation {op} of change {change} is at a list element that does not exist")]
    UnknownElement {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// An operation replaces one that its ancestors do not have, or that is somewhere else.
    #[error("operation {op} of change {change} replaces a value that is not there")]
    UnknownPredecessor {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// The values that an operation replaces are not in order, or named twice.
    #[error("operation {op} of change {change} names what it replaces out of order")]
    UnorderedPredecessors {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// An operation does not suit the kind of its object: a key in a list, an index in a map, a mark outside
    /// of text.
    #[error("operation {op} of change {change} does not suit the kind of its object")]
    WrongObjectKind {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// An operation that contradicts itself: a deletion that inserts, an insertion that replaces, a value
    /// where none goes.
    #[error("operation {op} of change {change} contradicts itself")]
    BadOperation {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// An action that is not known.
    #[error("operation {op} of change {change} has the unknown action {action}")]
    UnknownAction {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
        /// The action.
        action: u64,
    },
    /// A value of an unknown type, or whose bytes are not of its type.
    #[error("operation {op} of change {change} has a value that is not of its type")]
    BadValue {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// An increment of something that is not a counter, or by a number that could overflow one.
    #[error("operation {op} of change {change} is no increment of a counter")]
    BadIncrement {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
    /// A mark without an end, an end without a mark, or an end before its beginning.
    #[error("operation {op} of change {change} is a mark that does not end after it begins")]
    BadMark {
        /// The change.
        change: Hash,
        /// The number of the operation.
        op: u64,
    },
}
