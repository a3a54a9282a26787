//! A log in memory with a key, and a server that serves its public format as a test wants it changed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, RwLock};

use bulla_client::Client;
use bulla_proof::{Checkpoint, EntryBundle, MemoryRows, SignerKey, TileId, TileKind, TreeSize, leaf_hash};

pub(crate) const ORIGIN: &str = "log.example/audit";

/// The key of every log of these tests.
pub(crate) fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, [7; 32]).unwrap()
}

/// The usual line with this number.
pub(crate) fn line(seq: u64) -> String {
    let (minute, second) = (seq / 60 % 60, seq % 60);
    let time = format!("2026-11-24T{:02}:{minute:02}:{second:02}.000000000Z", seq / 3600);
    format!(r#"{{"seq":{seq},"recorded_at":"{time}","id":"e{seq}","action":"act"}}"#)
}

/// Everything that a server serves of a log, by path.
#[derive(Clone)]
pub(crate) struct Files(pub(crate) HashMap<String, Vec<u8>>);

impl Files {
    /// Of a log with the usual lines.
    pub(crate) fn of(size: u64) -> Self {
        Self::of_lines((0..size).map(line))
    }

    /// Of a log with these lines, whatever they are.
    pub(crate) fn of_lines(lines: impl IntoIterator<Item = String>) -> Self {
        let lines: Vec<String> = lines.into_iter().collect();
        let mut rows = MemoryRows::new();
        lines.iter().for_each(|line| rows.append(leaf_hash(line.as_bytes())));
        let size = TreeSize(lines.len() as u64);
        let mut files = HashMap::new();
        for tile in TileId::all_of(TileKind::Entries, size) {
            let range = tile.range().start as usize..tile.range().end as usize;
            files.insert(format!("/{tile}"), EntryBundle::encode(&lines[range]).unwrap());
        }
        for tile in TileId::all_hashes(size) {
            let range = tile.range().start as usize..tile.range().end as usize;
            let hashes = rows.row(tile.row())[range].iter().flat_map(|hash| *hash.as_bytes()).collect();
            files.insert(format!("/{tile}"), hashes);
        }
        let signer = signer();
        let note = Checkpoint::new(ORIGIN, size, rows.root()).unwrap().sign(&[&signer]);
        files.insert("/checkpoint".to_owned(), note.into_bytes());
        let vkey = signer.verifier_key().to_string();
        let identity = format!(r#"{{"format":1,"origin":"{ORIGIN}","vkey":"{vkey}"}}"#);
        files.insert("/log.json".to_owned(), identity.into_bytes());
        Self(files)
    }

    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        self.0["/checkpoint"].clone()
    }

    /// Takes one file of another log.
    pub(crate) fn with(mut self, path: &str, other: &Self) -> Self {
        self.0.insert(path.to_owned(), other.0[path].clone());
        self
    }

    /// Changes one bit.
    pub(crate) fn flipped(mut self, path: &str, byte: usize) -> Self {
        self.0.get_mut(path).unwrap()[byte] ^= 1;
        self
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.0.remove(path).unwrap();
        self
    }

    /// Replaces the line `seq`, and nothing else.
    pub(crate) fn with_line(mut self, seq: u64, line: &str) -> Self {
        let path = self.0.keys().find(|path| {
            let tile = path[1..].parse::<TileId>().ok();
            tile.is_some_and(|tile| tile.kind() == TileKind::Entries && tile.range().contains(&seq))
        });
        let path = path.unwrap().clone();
        let mut lines: Vec<Vec<u8>> =
            EntryBundle::decode(&self.0[&path]).unwrap().into_iter().map(<[u8]>::to_vec).collect();
        lines[(seq % 256) as usize] = line.as_bytes().to_vec();
        self.0.insert(path, EntryBundle::encode(lines).unwrap());
        self
    }
}

/// What answers a request: method and path with its query, headers in lower case, and body.
pub(crate) type Answering = dyn Fn(&Request) -> Answer + Send + Sync;

#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: "", body: body.into() }
    }

    pub(crate) fn not_found() -> Self {
        let body = br#"{"code":"tile_not_found","detail":"there is none"}"#.to_vec();
        Self { status: 404, headers: "", body }
    }
}

/// A server on loopback; its threads end with the process.
pub(crate) struct FakeServer {
    pub(crate) url: String,
    answering: Arc<RwLock<Box<Answering>>>,
}

impl FakeServer {
    pub(crate) fn start(answering: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answering: Arc<RwLock<Box<Answering>>> = Arc::new(RwLock::new(Box::new(answering)));
        let shared = answering.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                std::thread::spawn(move || answer_all(&stream.unwrap(), &shared));
            }
        });
        Self { url, answering }
    }

    pub(crate) fn of(files: Files) -> Self {
        Self::start(serving(files))
    }

    /// Serves something else from now on.
    pub(crate) fn serve(&self, files: Files) {
        *self.answering.write().unwrap() = Box::new(serving(files));
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url).unwrap()
    }
}

fn serving(files: Files) -> impl Fn(&Request) -> Answer {
    move |request| {
        let path = request.line.strip_prefix("GET ").unwrap();
        files.0.get(path).map_or_else(Answer::not_found, |body| Answer::ok(body.clone()))
    }
}

fn answer_all(stream: &TcpStream, answering: &RwLock<Box<Answering>>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let Answer { status, headers, body } = answering.read().unwrap()(&request);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        let mut writer = stream;
        if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut next_line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = next_line()?;
    let mut request = Request { line: first.strip_suffix(" HTTP/1.1")?.to_owned(), ..Request::default() };
    loop {
        let line = next_line()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    if request.headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        request.body = read_chunks(reader)?;
    } else if let Some(length) = request.headers.get("content-length") {
        request.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut request.body).ok()?;
    }
    Some(request)
}

fn read_chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim_end(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        if size == 0 {
            return Some(body);
        }
    }
}
