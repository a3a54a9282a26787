//! `bulla serve`: one server over one log, until it is told to stop.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use bulla_server::settings::SettingsFile;
use bulla_server::supervisor::{self, Stage};
use bulla_server::{Server, Settings, logs};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::demo::Demo;
use crate::args::ServeArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::talk;

/// 130: what shells say of a process that SIGINT ended.
const KILLED_BY_INTERRUPT: i32 = 130;

pub(crate) fn run(this: &mut Invocation, args: ServeArgs) -> anyhow::Result<Ended> {
    let (is_check, is_demo) = (args.check, args.demo);
    let (log_format, log_levels) = (args.log_format, args.log_level.clone());
    let mut settings = settings(this, args)?;
    settings.check()?;
    if is_check {
        this.out.line(format!(
            "the settings are valid: {} would be served on {}",
            settings.log.display(),
            settings.listen
        ))?;
        return Ok(Ended::Fine);
    }
    logs::install(log_format, log_levels);
    let demo = is_demo.then(Demo::make).transpose()?;
    if let Some(demo) = &demo {
        settings.log = demo.log();
    }
    let runtime = tokio::runtime::Runtime::new().context("start the server's threads")?;
    runtime.block_on(serve(this, settings, demo))
}

/// Options and variables over the file, the file over the defaults.
fn settings(this: &Invocation, args: ServeArgs) -> anyhow::Result<Settings> {
    let mut file = match &args.config {
        Some(path) => SettingsFile::read(path)?,
        None => SettingsFile::default(),
    };
    // Browsers remember logs by address: another log on an address that they know would alarm them.
    let free_port = args.demo.then_some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    file.listen = args.listen.or(file.listen).or(free_port);
    file.log = this.log_given.clone().or(file.log);
    file.origin = args.origin.or(file.origin);
    file.insecure_http = args.insecure_http.then_some(true).or(file.insecure_http);
    file.metrics_public = args.metrics_public.then_some(true).or(file.metrics_public);
    file.public = args.public.then_some(true).or(file.public);
    file.index = args.no_index.then_some(false).or(file.index);
    file.publish_interval_ms = args.publish_interval_ms.or(file.publish_interval_ms);
    let mut limits = file.limits.unwrap_or_default();
    limits.requests_per_second = args.requests_per_second.or(limits.requests_per_second);
    file.limits = Some(limits);
    let mut tls = file.tls.unwrap_or_default();
    tls.cert = args.tls_cert.or(tls.cert);
    tls.key = args.tls_key.or(tls.key);
    file.tls = Some(tls);
    Ok(Settings::default().with_file(file)?)
}

async fn serve(this: &mut Invocation, settings: Settings, demo: Option<Demo>) -> anyhow::Result<Ended> {
    let mut interrupts = signal(SignalKind::interrupt()).context("listen for Ctrl-C")?;
    let mut terminations = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let server = Server::start(settings).await?;
    announce(this, &server, demo.is_some())?;
    supervisor::tell(Stage::Ready).context("tell systemd that the server is ready")?;
    tokio::select! {
        _ = interrupts.recv() => {}
        _ = terminations.recv() => {}
    }
    if let Err(error) = supervisor::tell(Stage::Stopping) {
        talk::note(format_args!("systemd cannot be told that the server stops: {error}"));
    }
    talk::note("stopping: requests may end, then the log is closed; again to stop at once");
    tokio::select! {
        stopped = server.stop() => return match stopped {
            Ok(()) => Ok(Ended::Fine),
            Err(error) => bail!("the log could not be closed in order: {error}"),
        },
        _ = interrupts.recv() => {}
        _ = terminations.recv() => {}
    }
    drop(demo);
    std::process::exit(KILLED_BY_INTERRUPT)
}

fn announce(this: &mut Invocation, server: &Server, is_demo: bool) -> anyhow::Result<()> {
    let (link, directory) = (server.login_link(), server.directory());
    if this.json {
        this.out.json(&json!({
            "url": server.url(),
            "login_link": link,
            "directory": directory,
            "vkey": server.verifier_key(),
            "demo": is_demo,
        }))?;
    } else {
        this.out.line(format!("Bulla records at  {}", server.url()))?;
        this.out.line(format!("Log in, once      {link}"))?;
        this.out.line(format!("Log directory     {}", directory.display()))?;
        this.out.line(format!("Verifier key      {}", server.verifier_key()))?;
        if is_demo {
            talk::note("a demo: its entries are made up, and the log is removed when the server stops; try");
            talk::note(r#"  outcome:denied targets.id:"prod/customers""#);
        }
        talk::note("programs need a token: bulla token create --name my-app --scope write,read");
    }
    this.out.flush()
}
