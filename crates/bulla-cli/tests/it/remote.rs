//! Commands on a server's log: the same as on a directory, and verification from the outside, also of a server that lies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bulla::Timestamp;
use bulla_server::{NewToken, Scope, Server, Settings, Tokens};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::bench_log::{Bench, Ran};

/// A server in this process, and a folder for the command that uses it.
struct Served {
    bench: Bench,
    runtime: Runtime,
    server: Option<Server>,
    url: String,
}

impl Served {
    fn start(public: bool) -> Self {
        Self::start_with(|settings| settings.public = public)
    }

    fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let bench = Bench::new();
        let runtime = Runtime::new().unwrap();
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            log: bench.path("audit"),
            publish_interval: std::time::Duration::from_millis(20),
            scrub: None,
            ..Settings::default()
        };
        change(&mut settings);
        let server = runtime.block_on(Server::start(settings)).unwrap();
        Self { url: server.url(), bench, runtime, server: Some(server) }
    }

    fn token(&self, scopes: &[Scope]) -> String {
        let name = scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join("-");
        let new = NewToken { name, source: None, scopes: scopes.to_vec(), expires_at: None };
        Tokens::of(&self.bench.path("audit")).create(new, Timestamp::now()).unwrap().0
    }

    /// Runs a command without the log's directory.
    fn run(&self, token: Option<&str>, args: &[&str]) -> Ran {
        let mut command = self.bench.command(args);
        command.env("BULLA_LOG", "nowhere").env("BULLA_URL", &self.url).env_remove("BULLA_TOKEN");
        Ran::of(command.envs(token.map(|token| ("BULLA_TOKEN", token))).output().unwrap())
    }

    fn run_with(&self, token: &str, args: &[&str], stdin: &str) -> Ran {
        let mut command = self.bench.command(args);
        let command = command.env("BULLA_URL", &self.url).env("BULLA_TOKEN", token);
        Ran::of(command.write_stdin(stdin).output().unwrap())
    }

    /// Records so many entries, all of them covered by a checkpoint when this returns.
    fn fill(&self, count: usize) {
        let writer = self.token(&[Scope::Write]);
        let lines: String = (0..count)
            .map(|n| format!(r#"{{"category":"api","action":"a{n}","outcome":"success"}}"#) + "\n")
            .collect();
        let recorded = self.run_with(&writer, &["record", "-"], &lines);
        recorded.ends(0, &[]);
        assert_eq!(recorded.out.lines().count(), count);
        let newest = count as u64;
        while self.published() <= newest {
            std::thread::yield_now();
        }
    }

    /// Entries that the checkpoint on disk covers.
    fn published(&self) -> u64 {
        let note = std::fs::read_to_string(self.bench.path("audit/checkpoint")).unwrap_or_default();
        note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop()).unwrap();
        }
    }
}

/// What a proxy does to answers: path and body in, body out.
type Lie = Box<dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync>;

/// A server between the command and the true one.
struct Proxy {
    url: String,
    lie: Arc<Mutex<Lie>>,
}

impl Proxy {
    fn before(url: &str) -> Self {
        let upstream = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lie: Arc<Mutex<Lie>> = Arc::new(Mutex::new(Box::new(|_, body| body)));
        let shared = lie.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (upstream, lie) = (upstream.clone(), shared.clone());
                std::thread::spawn(move || pass(stream.unwrap(), &upstream, &lie));
            }
        });
        Self { url, lie }
    }

    fn lies(&self, lie: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        *self.lie.lock().unwrap() = Box::new(lie);
    }

    /// Changes one bit of what is served at `path`.
    fn flips(&self, path: &'static str, byte: usize) {
        self.lies(move |asked, mut body| {
            if asked == path {
                body[byte] ^= 1;
            }
            body
        });
    }
}

/// Passes one request on, and its answer back. Each has a connection of its own.
fn pass(mut stream: TcpStream, upstream: &str, lie: &Mutex<Lie>) {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap() == 0 {
            return;
        }
    }
    let path = head.split(' ').nth(1).unwrap();
    let mut true_one = TcpStream::connect(upstream).unwrap();
    write!(true_one, "GET {path} HTTP/1.1\r\nhost: {upstream}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    true_one.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let status = String::from_utf8(answer[..end].to_vec()).unwrap().lines().next().unwrap().to_owned();
    let body = lie.lock().unwrap()(path, answer[end + 4..].to_vec());
    let head = format!("{status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // Whoever has seen enough of a lie may be gone.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}

#[test]
fn a_public_log_is_verified_from_the_outside() {
    let served = Served::start(true);
    served.fill(600);
    let verified = served.run(None, &["verify", &served.url]);
    verified.ends(0, &["the key was taken from the server itself"]);
    assert!(verified.out.starts_with("clean: http://127.0.0.1"), "{}", verified.out);
    assert!(
        verified.out.contains("that the key is the log's: it was taken from the server"),
        "{}",
        verified.out
    );
    let key = served.bench.vkey();
    served.bench.write("pin", std::fs::read(served.bench.path("audit/checkpoint")).unwrap());
    let verified = served.run(None, &["verify", "--key", &key, "--pin", "pin", "--json"]);
    verified.ends(0, &[]);
    assert_eq!(verified.err, "");
    let verdict: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(verdict["findings"], serde_json::json!([]));
    assert!(verdict["size"].as_u64().unwrap() > 600);
    // A directory that is named counts before the server of the environment.
    served.bench.run(&["verify", "audit", "--url", "http://127.0.0.1:1"]).ends(0, &[]);
}

#[test]
fn a_server_that_lies_is_named() {
    let served = Served::start(true);
    served.fill(600);
    let key = served.bench.vkey();
    let proxy = Proxy::before(&served.url);
    let verify = |more: &[&str]| {
        let args = [&["verify", proxy.url.as_str(), "--key", &key], more].concat();
        served.bench.run(&args)
    };
    verify(&[]).ends(0, &[]);
    for (path, byte, expected) in [
        ("/tile/entries/001", 100, "line_changed at entry 256"),
        ("/tile/entries/001", 0, "segment_unreadable at entries 256 to 511 in tile/entries/001"),
        ("/tile/0/001", 32 * 44, "tree_changed at entry 300 in tile/0/001"),
        ("/tile/1/000.p/2", 40, "tree_changed at entries 256 to 511 in tile/1/000.p/2"),
        ("/checkpoint", 2, "checkpoint_bad_signature"),
    ] {
        proxy.flips(path, byte);
        let verified = verify(&[]);
        assert_eq!(verified.code, 1, "{path}: {}{}", verified.out, verified.err);
        assert!(verified.out.contains(expected), "{path}: {expected} is not in {}", verified.out);
    }
}

#[test]
fn an_older_checkpoint_and_another_history_are_named() {
    let served = Served::start(true);
    served.fill(300);
    let older = std::fs::read(served.bench.path("audit/checkpoint")).unwrap();
    let writer = served.token(&[Scope::Write, Scope::Read]);
    served.run_with(&writer, &["record", "--action", "later", "--outcome", "success"], "").ends(0, &[]);
    let size = |note: &[u8]| String::from_utf8_lossy(note).lines().nth(1).unwrap().parse::<u64>().unwrap();
    while served.published() <= size(&older) {
        std::thread::yield_now();
    }
    let newer = served.bench.write("newer", std::fs::read(served.bench.path("audit/checkpoint")).unwrap());
    let proxy = Proxy::before(&served.url);
    let shown = older.clone();
    proxy.lies(move |path, body| if path == "/checkpoint" { shown.clone() } else { body });
    let verified = served.bench.run(&["verify", &proxy.url, "--pin", newer.to_str().unwrap()]);
    verified.ends(1, &[]);
    assert!(verified.out.contains("rolled_back"), "{}", verified.out);
    served.bench.run(&["verify", &proxy.url]).ends(0, &[]);
    let compared = served.run(None, &["checkpoint", "--since", "newer"]);
    compared.ends(0, &[]);
    assert!(compared.out.starts_with("consistent"), "{}", compared.out);

    // The same key signs another tree of the size that is pinned.
    let key = std::fs::read_to_string(served.bench.path("audit/log.key")).unwrap();
    let signer: bulla::proof::SignerKey = key.trim().parse().unwrap();
    let root = bulla::proof::leaf_hash(b"another entry");
    let origin = signer.name().to_owned();
    let forked =
        bulla::proof::Checkpoint::new(origin, bulla::proof::TreeSize(1), root).unwrap().sign(&[&signer]);
    served.bench.write("forked", forked);
    let verified = served.run(None, &["verify", "--pin", "forked"]);
    verified.ends(1, &[]);
    assert!(verified.out.contains("fork: two histories are signed"), "{}", verified.out);
    let compared = served.run(None, &["checkpoint", "--since", "forked"]);
    compared.ends(1, &[]);
    assert!(compared.out.starts_with("fork"), "{}", compared.out);
}

#[test]
fn a_log_that_is_not_public_is_verified_with_a_token_that_may_read() {
    let served = Served::start(false);
    served.fill(300);
    served.run(None, &["verify"]).ends(2, &["401", "unauthenticated", "no credential"]);
    served.run(Some("bulla_wrong"), &["verify"]).ends(2, &["401"]);
    served.run(Some(&served.token(&[Scope::Verify])), &["verify"]).ends(2, &["403", "read"]);
    let reader = served.token(&[Scope::Read]);
    served.run(Some(&reader), &["verify"]).ends(0, &[]);
    served.bench.write("token", format!("{reader}\n"));
    served.run(None, &["verify", "--token-file", "token"]).ends(0, &[]);
    served.run(None, &["verify", "--token-file", "nowhere"]).ends(2, &["nowhere"]);
}

#[test]
fn a_server_that_is_not_there_is_no_verdict() {
    let bench = Bench::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = bench.run(&["verify", &format!("http://{closed}")]);
    ran.ends(2, &["reach http://127.0.0.1"]);
    assert_eq!(ran.out, "");
    bench.run(&["search", "--url", "127.0.0.1"]).ends(2, &["no address of a server"]);
}

#[test]
fn entries_are_recorded_and_read_over_http_as_in_a_directory() {
    let served = Served::start(false);
    let token = served.token(&[Scope::Write, Scope::Read]);
    let run = |args: &[&str]| {
        let ran = served.run(Some(&token), args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        ran.out
    };
    let receipt =
        run(&["record", "--action", "tool:bash", "--outcome", "denied", "--principal", "alice", "--json"]);
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["state"], "durable");
    let seq = receipt["seq"].to_string();
    let raw = run(&["show", &seq, "--raw"]);
    assert!(raw.starts_with(&format!("{{\"seq\":{seq},")), "{raw}");
    assert_eq!(run(&["show", &seq, "--raw"]), served.bench.ok(&["show", &seq, "--raw"]), "stored bytes");
    let id = serde_json::from_str::<Value>(&raw).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(run(&["show", &id, "--raw"]), raw);
    assert_eq!(run(&["show", &format!("#{seq}")]), served.bench.ok(&["show", &seq]));
    assert_eq!(run(&["search", "outcome:denied", "--json"]), raw.clone() + "\n");
    assert_eq!(run(&["tail", "outcome:denied"]), served.bench.ok(&["tail", "outcome:denied"]));
    run(&["prove", &seq, "-o", "p", "--entry-out", "e"]);
    let key = served.bench.vkey();
    run(&["check", "p", "--entry", "e", "--key", &key]);
    assert!(run(&["checkpoint"]).contains('\u{2014}'));
    assert!(run(&["stats"]).contains("durable"));
    let status: Value = serde_json::from_str(&run(&["stats", "--json"])).unwrap();
    assert_eq!(status["vkey"], key.as_str());
    served.run(Some(&token), &["search", "outcome:denied", "--limit", "0"]).ends(0, &["no entry matches"]);
    served.run(Some(&token), &["show", "999999"]).ends(2, &["404", "entry_not_found"]);
    served.run(Some(&token), &["search", "since:("]).ends(2, &["400", "invalid_query"]);
    let verify_only = served.token(&[Scope::Verify]);
    served.run(Some(&verify_only), &["search"]).ends(2, &["403", "read"]);
}

#[test]
fn lines_that_a_server_rejects_are_named_by_their_numbers() {
    let served = Served::start(false);
    let token = served.token(&[Scope::Write]);
    let good = r#"{"category":"api","action":"a","outcome":"success"}"#;
    let ran = served.run_with(&token, &["record", "-"], &format!("{good}\n\nno json\n{good}\n"));
    ran.ends(1, &["line 3:", "1 line was rejected and not in the log"]);
    assert_eq!(ran.out.lines().count(), 2);
}

#[test]
fn an_export_of_a_server_is_the_file_that_its_directory_gives() {
    let served = Served::start(false);
    served.fill(300);
    let token = served.token(&[Scope::Read]);
    for format in ["jsonl", "cloudevents", "parquet"] {
        let name = format!("out.{format}");
        let args = ["export", "--format", format, "-o", &name, "action:a*", "outcome:success"];
        served.run(Some(&token), &args).ends(0, &[&format!("written to {name}")]);
        let mut command =
            served.bench.command(&["export", "--format", format, "action:a*", "outcome:success"]);
        let of_directory = command.env("BULLA_LOG", "audit").output().unwrap().stdout;
        assert!(of_directory.len() > 1000);
        assert_eq!(std::fs::read(served.bench.path(&name)).unwrap(), of_directory, "{format}");
    }
    let writer = served.token(&[Scope::Write, Scope::Verify]);
    served.run(Some(&writer), &["export", "-o", "none.jsonl"]).ends(2, &["forbidden"]);
    assert!(!served.bench.path("none.jsonl").exists());
}

#[test]
fn a_server_counts_by_the_values_of_a_field() {
    let served = Served::start(false);
    served.fill(30);
    let token = served.token(&[Scope::Read]);
    let by_search = served.run(Some(&token), &["search", "--count-by", "outcome", "category:api"]);
    by_search.ends(0, &[]);
    let mut command = served.bench.command(&["search", "--count-by", "outcome", "category:api"]);
    let of_directory = command.env("BULLA_LOG", "audit").output().unwrap().stdout;
    assert_eq!(by_search.out, String::from_utf8(of_directory).unwrap());
    assert!(by_search.out.contains("success"), "{}", by_search.out);
    served.run(Some(&token), &["stats", "--by", "category"]).ends(0, &[]);
}

#[test]
fn a_session_of_a_server_is_shown_as_that_of_its_directory() {
    let served = Served::start(false);
    let lines: String = ["run \"a\" (b)", "run \"a\" (b) twice", "other"]
        .into_iter()
        .flat_map(|id| (0..3).map(move |number| (id, number)))
        .map(|(id, number)| {
            let entry = serde_json::json!({
                "category": "tool_execution", "action": format!("act {number}"), "outcome": "success",
                "session_id": id, "tool": {"name": "bash", "call_id": format!("{id} {number}")},
            });
            format!("{entry}\n")
        })
        .collect();
    let token = served.token(&[Scope::Read, Scope::Write]);
    served.run_with(&token, &["record", "-"], &lines).ends(0, &[]);
    for args in [&["session", "run \"a\" (b)"][..], &["session", "oth", "--json"], &["session", "oth"]] {
        let by_url = served.run(Some(&token), args);
        by_url.ends(0, &[]);
        let mut command = served.bench.command(args);
        let of_directory = command.env("BULLA_LOG", "audit").output().unwrap();
        assert!(of_directory.status.success());
        assert_eq!(by_url.out, String::from_utf8(of_directory.stdout).unwrap());
        assert!(by_url.out.contains("act 2") || by_url.out.contains("bash"), "{}", by_url.out);
    }
    served.run(Some(&token), &["session", "run"]).ends(2, &["2 sessions begin with run"]);
    served.run(Some(&token), &["session", "never"]).ends(2, &["no entry has a session"]);
}

#[test]
fn a_payload_of_a_server_is_printed_as_it_was_given() {
    let served = Served::start(false);
    let token = served.token(&[Scope::Read, Scope::Write]);
    let text = "a line that is long\n".repeat(5000);
    let entry = serde_json::json!({"category": "api", "action": "GET /", "outcome": "success", "id": "large",
        "detail": {"output": text}});
    served.run_with(&token, &["record", "-"], &format!("{entry}\n")).ends(0, &[]);
    let printed = served.run(Some(&token), &["show", "large", "--payload", "0"]);
    printed.ends(0, &[]);
    assert_eq!(printed.out, text);
    served.run(Some(&token), &["show", "large", "--payload", "1"]).ends(2, &["has one payload"]);
}

#[test]
fn what_needs_the_directory_says_so() {
    let served = Served::start(true);
    for args in [&["import", "--from", "jsonl", "x"][..], &["doctor"], &["index"], &["key", "show"]] {
        served.run(None, args).ends(2, &["needs the log directory", "--url"]);
    }
    served.run(None, &["key", "generate", "--origin", "o.example"]).ends(0, &[]);
    served.run(None, &["completions", "bash"]).ends(0, &[]);
}

#[test]
fn over_tls_the_certificate_is_checked_and_plain_http_is_not_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let served = Served::start_with(|settings| settings.tls = Some((cert.clone(), key)));
    assert!(served.url.starts_with("https://"));
    let token = served.token(&[Scope::Write, Scope::Read]);
    let ca = cert.to_str().unwrap();
    let record = ["record", "--action", "x", "--outcome", "success"];
    served.run(Some(&token), &[&record[..], &["--ca-file", ca]].concat()).ends(0, &[]);
    served.run(Some(&token), &record).ends(2, &["certificate"]);
    let plain = served.url.replace("https", "http");
    let mut command = served.bench.command(&record);
    let ran = command.env("BULLA_URL", plain).env("BULLA_TOKEN", &token).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
}
