//! The least that a server over hyper can be: finds a recorded answer by path and sends it.
//!
//! It is what reads are measured against: same library, same bytes, no tokens, no access lists, no documents.

use super::{Launch, Process, Scratch, Stop};
use crate::client::Response as Answer;
use crate::measure::{Cores, SERVER_CORE};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{Either, Empty, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// An answer of the hub, kept to be given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recorded {
    /// Keeps an answer to a `GET` of `path`, less what hyper writes itself.
    pub fn of(path: &str, answer: Answer<'_>) -> Result<Recorded> {
        let head = str::from_utf8(answer.head)?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let own =
            |name: &str| [CONTENT_LENGTH, DATE].iter().any(|own| name.eq_ignore_ascii_case(own.as_str()));
        Ok(Recorded {
            path: path.to_owned(),
            headers: headers
                .filter(|(name, _)| !own(name))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            body: str::from_utf8(answer.body)?.to_owned(),
        })
    }

    /// How long the body is.
    pub fn body_bytes(&self) -> usize {
        self.body.len()
    }
}

/// A running bare server.
#[derive(Debug)]
pub struct Bare {
    process: Process,
    addr: SocketAddr,
}

impl Bare {
    /// Starts this very program as a server of `recorded`, as its own process.
    pub async fn start(recorded: &[Recorded], scratch: &Scratch) -> Result<Bare> {
        let file = scratch.join("recorded.json");
        fs::write(&file, serde_json::to_vec(recorded)?)?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let file = file.to_str().context("the scratch folder's path is not UTF-8")?;
        let arguments = ["bare".to_owned(), file.to_owned()];
        let log = scratch.join("bare.log");
        let launch =
            Launch { program: &program, arguments: &arguments, log: &log, cores: Cores::One(SERVER_CORE) };
        let mut process = Process::start(&launch)?;
        let line = process.first_line(START).await?;
        let addr = line.parse().with_context(|| format!("not an address: {line}"))?;
        Ok(Bare { process, addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process, for its clocks.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills it.
    pub async fn stop(self) -> Result<()> {
        self.process.stop(Stop::Hard).await
    }
}

/// Answers by path.
struct Answers(HashMap<String, (HeaderMap, Bytes)>);

/// Serves the answers in `file` until the process ends; prints the address first.
pub async fn serve_bare(file: &Path) -> Result<Infallible> {
    let answers = Arc::new(Answers::load(file)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        connections.spawn(serve(stream, answers.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, answers: Arc<Answers>) -> Result<()> {
    stream.set_nodelay(true)?;
    let service = service_fn(move |request: Request<Incoming>| {
        let response = answers.answer(request.uri().path());
        async move { Ok::<_, Infallible>(response) }
    });
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

impl Answers {
    fn load(file: &Path) -> Result<Answers> {
        let recorded: Vec<Recorded> = serde_json::from_slice(&fs::read(file)?)?;
        if recorded.is_empty() {
            bail!("{} holds no answers", file.display());
        }
        Ok(Answers(recorded.into_iter().map(prepare).collect::<Result<_>>()?))
    }

    fn answer(&self, path: &str) -> Response<Either<Full<Bytes>, Empty<Bytes>>> {
        let Some((headers, body)) = self.0.get(path) else {
            let mut response = Response::new(Either::Right(Empty::new()));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        let mut response = Response::new(Either::Left(Full::new(body.clone())));
        *response.headers_mut() = headers.clone();
        response
    }
}

fn prepare(recorded: Recorded) -> Result<(String, (HeaderMap, Bytes))> {
    let mut headers = HeaderMap::new();
    for (name, value) in &recorded.headers {
        headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
    }
    Ok((recorded.path, (headers, recorded.body.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Connection, Request};

    fn recorded(path: &str, body: &str) -> Recorded {
        let head =
            format!("HTTP/1.1 200 OK\r\nETag: \"x\"\r\ncontent-length: {}\r\ndate: now\r\n\r\n", body.len());
        Recorded::of(path, Answer { status: 200, head: head.as_bytes(), body: body.as_bytes() }).unwrap()
    }

    #[test]
    fn what_hyper_writes_itself_is_left_out() {
        assert_eq!(recorded("/a", "b").headers, [("ETag".to_owned(), "\"x\"".to_owned())]);
    }

    #[tokio::test]
    async fn gives_each_path_its_answer() {
        let paths = [recorded("/a", "first"), recorded("/b", "second")];
        let answers = Arc::new(Answers(paths.into_iter().map(|answer| prepare(answer).unwrap()).collect()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { serve(listener.accept().await.unwrap().0, answers).await });
        let mut connection = Connection::open(addr).await.unwrap();
        for (path, status, body) in [("/b", 200, "second"), ("/a", 200, "first"), ("/c", 404, "")] {
            let request = Request { method: "GET", path, token: None, body: None }.encode();
            let answer = connection.call(&request).await.unwrap();
            assert_eq!((answer.status, answer.body), (status, body.as_bytes()));
        }
        drop(connection);
        server.await.unwrap().unwrap();
    }
}
