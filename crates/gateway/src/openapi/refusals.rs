//! Problems that operations have in common.

use crate::problem::Kind::{self, *};

/// Of whatever takes a token. Each verb also refuses parameters that it does not know.
pub(crate) const GUARDED: &[Kind] = &[
    BadQuery,
    Unauthenticated,
    InvalidToken,
    NotAcceptable,
    Internal,
    TooManyInFlight,
    NoRoomForBody,
    ShardBusy,
    ShardUnavailable,
];

/// Of whatever names a document.
pub(crate) const DOCUMENT: &[Kind] = &[NotFound, Damaged];

/// Of whatever takes a body.
pub(crate) const BODY: &[Kind] =
    &[BodyInterrupted, MalformedEncoding, SlowBody, BodyTooLarge, UnsupportedType, UnsupportedEncoding];

/// Of whatever takes a body of JSON.
pub(crate) const JSON: &[Kind] = &[MalformedJson, TooManyValues, InvalidBody, JsonTooDeep];

/// Of whatever is a command in a shard's log, under an `Idempotency-Key`.
pub(crate) const COMMAND: &[Kind] =
    &[BadHeader, KeyTooLong, KeyReused, ChangeTooLarge, OutcomeUnknown, DiskFull];

/// Of edits of a document that is there.
pub(crate) const EDIT: &[Kind] =
    &[Forbidden, PreconditionFailed, DocumentTooLarge, UnknownVersion, UnknownHeads, BadEdit];

/// Of edits that name the state that they were made against.
pub(crate) const STATE: &[Kind] = &[VersionRequired];

/// Of patches that name places in the content.
pub(crate) const PATCH: &[Kind] = &[
    MalformedPatch,
    TestFailed,
    HunkNotFound,
    HunkAmbiguous,
    SearchCount,
    PatchTooCostly,
    TooManyOperations,
];

/// Of labels and names.
pub(crate) const NAMES: &[Kind] = &[NameTooLong, TooManyLabels, LabelTooLong];
