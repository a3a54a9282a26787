//! How people log in: a printed one-time link, or a token, becomes a cookie that scripts cannot read.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulla::{AuditEntry, AuditOutcome, Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::caller::{LOCAL_OPERATOR, cookie_name, peer, recorded_request, session_secret};
use super::guard::check_same_origin;
use super::scope::Scope;
use super::sessions::{COOKIE_SECONDS, Session};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem;\
    color:#1c1a17;background:#faf8f5}h1{font-size:1.3rem}input{width:100%;box-sizing:border-box;padding:.5rem;\
    font:inherit;border:1px solid #8a8378;border-radius:4px;background:inherit;color:inherit}\
    button{margin-top:1rem;padding:.5rem 1.2rem;font:inherit;border:0;border-radius:4px;background:#7a3b1e;\
    color:#fff}@media(prefers-color-scheme:dark){body{color:#e9e4dc;background:#1b1917}}";

/// What pages of this server may do: use their one style sheet and send a form here; nothing else, so that data or
/// an error shown as a page is never more than text.
pub(crate) static CONTENT_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).expect("it is ASCII")
});

/// What the link carries.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct LoginLink {
    /// The one-time code.
    code: Option<String>,
}

/// The page on which people log in. Opening it uses nothing up: mail scanners and previews open links too.
#[utoipa::path(get, path = "/login", tag = "access", params(LoginLink), responses((status = 200, description = "The page", content_type = "text/html")))]
pub(crate) async fn page(Query(link): Query<LoginLink>) -> Response {
    let is_plain =
        |code: &String| code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let field = match link.code.filter(is_plain) {
        Some(code) => {
            format!("<input type=hidden name=code value=\"{code}\"><p>You have a one-time link.</p>")
        }
        None => "<label>Token<input type=password name=token autocomplete=off required></label>\
            <p>The link that the server printed when it began works too, once.</p>"
            .to_owned(),
    };
    let form = format!("<form method=post action=/login>{field}<button>Log in</button></form>");
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Html(page_of("Log in · Bulla", &form))).into_response()
}

/// A page of this server in its one style.
pub(crate) fn page_of(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>Bulla</h1>{body}</html>"
    )
}

/// What the form sends: one of both.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LoginForm {
    /// The one-time code of a printed link.
    code: Option<String>,
    /// A token.
    token: Option<String>,
}

/// Turns a one-time code or a token into a session cookie.
#[utoipa::path(post, path = "/login", tag = "access",
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Logged in: the cookie is set"), (status = "4XX", description = "The code or token is not valid, or another site sent the form", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn log_in(
    State(shared): State<Arc<Shared>>,
    parts: Parts,
    form: Result<Form<LoginForm>, axum::extract::rejection::FormRejection>,
) -> Response {
    let checked = check_same_origin(&parts).and_then(|()| {
        let Form(form) = form.map_err(|error| Problem::new(Code::MalformedBody, error.body_text()))?;
        who(&shared, &form)
    });
    match checked {
        Ok((name, scopes, token)) => {
            let (secret, session) = shared.sessions.begin(&name, scopes, token, Instant::now());
            record(&shared, "log in", "auth.login", &session, &parts);
            let is_tls = peer(&parts).is_some_and(|peer| peer.is_tls);
            see_other("/", &cookie(&secret, COOKIE_SECONDS, is_tls))
        }
        Err(problem) => {
            shared.denials.record(&problem, &parts, None);
            problem.into_response()
        }
    }
}

/// Ends the session that the cookie stands for.
#[utoipa::path(post, path = "/logout", tag = "access", responses(
    (status = 303, description = "Logged out: the cookie is cleared"),
    (status = "4XX", description = "Another site sent the form", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn log_out(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    if let Err(problem) = check_same_origin(&parts) {
        return problem.into_response();
    }
    let is_tls = peer(&parts).is_some_and(|peer| peer.is_tls);
    let ended = session_secret(&parts.headers, is_tls).and_then(|secret| shared.sessions.end(secret));
    if let Some(session) = ended {
        record(&shared, "log out", "auth.logout", &session, &parts);
    }
    see_other("/login", &cookie("", 0, is_tls))
}

/// Who logs in: the name, the scopes, and the fingerprint of the token that was used.
fn who(shared: &Shared, form: &LoginForm) -> Result<(String, Vec<Scope>, Option<String>), Problem> {
    let invalid = |detail: &str| Problem::new(Code::Unauthenticated, detail);
    if let Some(code) = &form.code {
        return if shared.sessions.take_code(code, Instant::now()) {
            Ok((LOCAL_OPERATOR.to_owned(), vec![Scope::Admin], None))
        } else {
            Err(invalid("the link was used before or is too old; start the server again for a new one"))
        };
    }
    let token = form.token.as_deref().unwrap_or_default();
    let found = shared.tokens.find(token.trim(), Timestamp::now()).map_err(|error| {
        tracing::error!(%error, "tokens cannot be read");
        invalid("the server cannot read its tokens; its log says why")
    })?;
    let token = found.ok_or_else(|| invalid("the token is unknown, expired or revoked"))?;
    let fingerprint = token.fingerprint().to_owned();
    Ok((token.name, token.scopes, Some(fingerprint)))
}

fn record(shared: &Shared, action: &str, name: &str, session: &Session, parts: &Parts) {
    let entry = AuditEntry::auth(action)
        .event_name(name)
        .principal(&session.name)
        .outcome(AuditOutcome::Success)
        .request(recorded_request(parts, StatusCode::SEE_OTHER.as_u16()))
        .label("session", &session.fingerprint);
    if shared.log.submit(entry).is_err() {
        shared.log.report_dropped("a login could not be queued", 1);
    }
}

fn cookie(secret: &str, seconds: u64, is_tls: bool) -> String {
    let secure = if is_tls { "; Secure" } else { "" };
    let name = cookie_name(is_tls);
    format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn see_other(place: &'static str, cookie: &str) -> Response {
    let cookie = HeaderValue::from_str(cookie).expect("it is ASCII");
    let headers = [(header::LOCATION, HeaderValue::from_static(place)), (header::SET_COOKIE, cookie)];
    (StatusCode::SEE_OTHER, headers).into_response()
}
