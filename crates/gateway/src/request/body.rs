//! Reads a body: never more of it than the limit, never for longer than the deadline, and never more of all bodies
//! together than there is room for.

use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::time::Duration;

/// When to ask again if there is no room.
const ROOM_RETRY: Duration = Duration::from_secs(1);

/// What a body may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    pub bytes: usize,
    pub timeout: Duration,
}

/// The whole body. One that announces too much is refused before it is read. `room` grows with it, and is to be kept as
/// long as the body.
pub(crate) async fn read<B>(body: B, limits: BodyLimits, room: &mut Pass) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.bytes {
        return Err(too_large(limits.bytes, Some(announced)));
    }
    match tokio::time::timeout(limits.timeout, collect(body, limits.bytes, room)).await {
        Ok(read) => read,
        Err(_elapsed) => {
            let seconds = limits.timeout.as_secs_f32();
            let detail = format!("a body has to arrive within {seconds} s; send it again");
            Err(Problem::new(Kind::SlowBody, detail).with("limit_seconds", seconds))
        }
    }
}

async fn collect<B>(mut body: B, limit: usize, room: &mut Pass) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    // A small body is one frame, and is taken as it is.
    let Some(first) = next_data(&mut body).await? else { return Ok(Bytes::new()) };
    admit(first.len(), 0, limit, room)?;
    let Some(second) = next_data(&mut body).await? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(data) = next {
        admit(data.len(), whole.len(), limit, room)?;
        whole.extend_from_slice(&data);
        next = next_data(&mut body).await?;
    }
    Ok(whole.freeze())
}

/// Takes `more` bytes behind those that are there, if the limit and the room allow it.
pub(crate) fn admit(more: usize, there: usize, limit: usize, room: &mut Pass) -> Result<(), Problem> {
    if there + more > limit {
        return Err(too_large(limit, None));
    }
    if room.grow(more) {
        return Ok(());
    }
    Err(no_room())
}

/// There is no room for another body, or for the values in it.
pub(crate) fn no_room() -> Problem {
    let detail = "the bodies of all requests together take the room that there is for them";
    Problem::new(Kind::NoRoomForBody, detail).retry_after(ROOM_RETRY)
}

/// The next frame of data; trailers are of no use here.
async fn next_data<B>(body: &mut B) -> Result<Option<Bytes>, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::new(Kind::BodyInterrupted, "the body ended early; send it again")
                .because(error.to_string())
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn too_large(limit: usize, actual: Option<usize>) -> Problem {
    Problem::limit(Kind::BodyTooLarge, "the size of a body in bytes", limit, actual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;
    use std::convert::Infallible;

    const ROOM: usize = 1 << 10;

    // No patience at all: what is ready at once is in time even so.
    const LIMITS: BodyLimits = BodyLimits { bytes: 10, timeout: Duration::ZERO };

    /// A body that comes in pieces and announces nothing.
    fn pieces(pieces: &[&'static [u8]]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + use<> {
        let frames: Vec<_> = pieces.iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece)))).collect();
        StreamBody::new(futures::stream::iter(frames))
    }

    async fn check(body: impl Body<Data = Bytes, Error = Infallible> + Unpin, expected: Result<&str, Kind>) {
        let mut room = Gate::new(ROOM).pass();
        let read = read(body, LIMITS, &mut room).await.map_err(|problem| problem.kind);
        assert_eq!(read, expected.map(|text| Bytes::copy_from_slice(text.as_bytes())));
    }

    #[tokio::test]
    async fn bodies_end_at_the_limit() {
        check(pieces(&[]), Ok("")).await;
        check(pieces(&[b"0123456789"]), Ok("0123456789")).await;
        check(pieces(&[b"01234", b"", b"56789"]), Ok("0123456789")).await;
        check(pieces(&[b"0123456789a"]), Err(Kind::BodyTooLarge)).await;
        check(pieces(&[b"01234", b"567890"]), Err(Kind::BodyTooLarge)).await;
        check(Full::new(Bytes::from_static(b"0123456789a")), Err(Kind::BodyTooLarge)).await;
    }

    #[tokio::test]
    async fn bodies_share_their_room() {
        let gate = Gate::new(12);
        let (mut first, mut second) = (gate.pass(), gate.pass());
        read(pieces(&[b"01234", b"56789"]), LIMITS, &mut first).await.unwrap();
        let refused = read(pieces(&[b"01", b"2"]), LIMITS, &mut second).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NoRoomForBody);
        drop((first, second));
        assert_eq!(gate.taken(), 0);
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        struct Never;
        impl Body for Never {
            type Data = Bytes;
            type Error = Infallible;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                std::task::Poll::Pending
            }
        }
        check(Never, Err(Kind::SlowBody)).await;
    }
}
