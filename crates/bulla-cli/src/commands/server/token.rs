//! `bulla token`: credentials of programs, made, shown and revoked; each of that is an entry of the log.

use std::time::Duration;

use anyhow::Context;
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, OpenError};
use bulla_server::{NewToken, Token, Tokens};
use serde_json::json;

use crate::args::{TokenArgs, TokenCommand, TokenCreateArgs};
use crate::ended::Ended;
use crate::invocation::{Invocation, user};
use crate::output::talk;

/// 86,400 seconds.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn run(this: &mut Invocation, args: TokenArgs) -> anyhow::Result<Ended> {
    match args.command {
        TokenCommand::Create(args) => create(this, args)?,
        TokenCommand::List => list(this)?,
        TokenCommand::Revoke { name } => revoke(this, &name)?,
    }
    Ok(Ended::Fine)
}

fn create(this: &mut Invocation, args: TokenCreateArgs) -> anyhow::Result<()> {
    // The log first: tokens lie in its directory, and a directory with something in it is no place to make one.
    let log = writer(this)?;
    let expires_at = args.expires_days.map(|days| this.now.saturating_add(DAY * days));
    let new = NewToken { name: args.name, source: args.source, scopes: args.scope, expires_at };
    let (secret, token) = Tokens::of(&this.log).create(new, this.now)?;
    record(log, "token.created", &token)?;
    if this.json {
        let name = &token.name;
        return this
            .out
            .json(&json!({"token": secret, "name": name, "source": token.source, "scopes": token.scopes}));
    }
    this.out.line(secret)?;
    talk::note(format!("this is `{}`, shown once: keep it where secrets are kept", token.name));
    Ok(())
}

fn revoke(this: &mut Invocation, name: &str) -> anyhow::Result<()> {
    let token = Tokens::of(&this.log).revoke(name, this.now)?;
    record(writer(this)?, "token.revoked", &token)?;
    if this.json {
        return this.out.json(&json!({"revoked": token.name}));
    }
    this.out.line(format!("{} is revoked", token.name))
}

fn list(this: &mut Invocation) -> anyhow::Result<()> {
    let tokens = Tokens::of(&this.log).list()?;
    for token in tokens.iter() {
        if this.json {
            this.out.json(&json!({
                "name": token.name, "source": token.source, "scopes": token.scopes,
                "fingerprint": token.fingerprint(), "created_at": token.created_at,
                "expires_at": token.expires_at, "revoked_at": token.revoked_at,
                "is_valid": token.is_valid(this.now),
            }))?;
            continue;
        }
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        let state = match (token.revoked_at, token.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(at)) if !token.is_valid(this.now) => format!("expired {at}"),
            (None, Some(at)) => format!("valid until {at}"),
            (None, None) => "valid".to_owned(),
        };
        this.out.line(format!(
            "{:<24}  {:<20}  {}  {state}",
            token.name,
            scopes.join(","),
            token.created_at
        ))?;
    }
    if tokens.is_empty() {
        talk::note("there are no tokens: bulla token create --name my-app --scope write");
    }
    Ok(())
}

/// The log for writing; `None` when a server writes it, which records by itself what changes in its tokens.
fn writer(this: &Invocation) -> anyhow::Result<Option<AuditLog>> {
    match AuditLog::open(&this.log) {
        Ok(log) => Ok(Some(log)),
        Err(OpenError::Locked { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn record(log: Option<AuditLog>, name: &str, token: &Token) -> anyhow::Result<()> {
    let Some(log) = log else { return Ok(()) };
    let entry = AuditEntry::new(AuditCategory::Config, name)
        .event_name(name)
        .principal(user().unwrap_or_default())
        .outcome(AuditOutcome::Success)
        .detail(token.described());
    log.record_blocking(entry).context("record what changed")?;
    log.close_blocking().context("close the log")
}
