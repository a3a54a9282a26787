//! `/v1/tokens`: the credentials of programs, listed, made and revoked. Each change is on the record before it is
//! answered; a token itself is told once, to whoever made it, and never recorded.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bulla::Timestamp;
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::access::scope::{Scope, allows};
use crate::access::tokens::{NewToken, Token, TokenError, Tokens};
use crate::api::params::Parts;
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// 16 KiB: a token that is asked for has a few hundred bytes.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The tokens of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokensBody {
    /// All of them, those that are not valid any more as well, in the order they were made.
    tokens: Vec<TokenBody>,
}

/// What is kept of a token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenBody {
    /// Name for people; unique among the valid ones.
    name: String,
    /// `source.id` of the entries recorded with it.
    source: String,
    /// What it allows.
    scopes: Vec<Scope>,
    /// First digits of its SHA-256, by which entries name it.
    fingerprint: String,
    /// When it was made, RFC 3339.
    created_at: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// Whether it is neither revoked nor at its end.
    is_valid: bool,
}

impl TokenBody {
    fn of(token: &Token, now: Timestamp) -> Self {
        Self {
            name: token.name.clone(),
            source: token.source.clone(),
            scopes: token.scopes.clone(),
            fingerprint: token.fingerprint().to_owned(),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            is_valid: token.is_valid(now),
        }
    }
}

/// What a new token is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// Name for people: letters, digits and `-_.@`, at most 64.
    name: String,
    /// `source.id` of its entries, of the same form; the name when not given.
    source: Option<String>,
    /// What it allows; at least one, and none that the caller lacks.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// When it ends by itself, RFC 3339; it does not when not given.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedToken {
    /// The token itself, told here and never again.
    token: String,
    #[serde(flatten)]
    kept: TokenBody,
}

/// Lists the tokens of programs.
#[utoipa::path(get, path = "/v1/tokens", operation_id = "list_tokens", tag = "access", responses(
    (status = 200, description = "The tokens, without their secrets", body = TokensBody),
    (status = "4XX", description = "The caller is no admin", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<TokensBody>, Problem> {
    shared.views.opened(&caller, Kind::Tokens, "", Instant::now());
    let (tokens, now) = (shared.tokens.list()?, Timestamp::now());
    Ok(Json(TokensBody { tokens: tokens.iter().map(|token| TokenBody::of(token, now)).collect() }))
}

/// Makes a token for a program. It is recorded as `token.created` before the answer comes.
#[utoipa::path(post, path = "/v1/tokens", operation_id = "create_token", tag = "access", request_body = NewTokenBody, responses(
    (status = 201, description = "The token, told this once", body = CreatedToken),
    (status = 403, description = "The caller is no admin, lacks one of the scopes, or another site sent the request", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "Another valid token has the name", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A token cannot have that name, those scopes or that end", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "The body cannot be understood", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no entries, so nothing that must be recorded is done", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let new = wanted(read(&headers, body).await?, &caller, now)?;
    let (token, secret) = make(&shared, caller, "token.created", move |tokens| {
        let (secret, token) = tokens.create(new, now)?;
        Ok((token, secret))
    })
    .await?;
    let created = CreatedToken { token: secret, kept: TokenBody::of(&token, now) };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, no_store, Json(created)).into_response())
}

/// Revokes a valid token: from now on it is refused, and what it logged in as well. It is recorded as `token.revoked`
/// before the answer comes.
#[utoipa::path(delete, path = "/v1/tokens/{fingerprint}", operation_id = "revoke_token", tag = "access", params(("fingerprint" = String, Path, description = "The token's fingerprint")), responses(
    (status = 200, description = "What is kept of the token", body = TokenBody),
    (status = 404, description = "There is no valid token with that fingerprint", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "The caller is no admin, or another site sent the request", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "The log takes no entries, so nothing that must be recorded is done", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn revoke(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Parts(fingerprint): Parts<String>,
) -> Result<Json<TokenBody>, Problem> {
    let now = Timestamp::now();
    let revoke = move |tokens: &Tokens| Ok((tokens.revoke_fingerprint(&fingerprint, now)?, ()));
    let (token, ()) = make(&shared, caller, "token.revoked", revoke).await?;
    Ok(Json(TokenBody::of(&token, now)))
}

/// Makes a change where it may wait for the disk. It goes on to its end when the client leaves.
async fn make<T: Send + 'static>(
    shared: &Arc<Shared>,
    caller: Caller,
    name: &'static str,
    change: impl FnOnce(&Tokens) -> Result<(Token, T), TokenError> + Send + 'static,
) -> Result<(Token, T), Problem> {
    let shared = shared.clone();
    let changing =
        tokio::task::spawn_blocking(move || shared.token_changes.make(&shared.tokens, &caller, name, change));
    changing
        .await
        .map_err(|error| Problem::new(Code::TokensFailed, format!("the change of tokens ended: {error}")))?
}

/// The body, if it is of the form that it must have.
async fn read(headers: &HeaderMap, body: Body) -> Result<NewTokenBody, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let detail = format!("the body is `{media}`; send application/json");
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            let detail = format!("the body is longer than {BODY_BYTES_MAX} bytes");
            return Problem::new(Code::PayloadTooLarge, detail);
        }
        Problem::new(Code::RequestTimeout, "the body did not arrive whole")
    })?;
    serde_json::from_slice(&body.to_bytes())
        .map_err(|error| Problem::new(Code::MalformedBody, error.to_string()))
}

/// What is to be made, if the caller may have it.
fn wanted(body: NewTokenBody, caller: &Caller, now: Timestamp) -> Result<NewToken, Problem> {
    if let Some(scope) = body.scopes.iter().find(|scope| !allows(&caller.scopes, **scope)) {
        let detail = format!("`{}` lacks the scope `{scope}` and can give it to nobody", caller.name);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let rejected = |detail: String| Problem::new(Code::TokenRejected, detail);
    let expires_at: Option<Timestamp> = match &body.expires_at {
        Some(text) => Some(text.parse().map_err(|error| rejected(format!("expires_at: {error}")))?),
        None => None,
    };
    if let Some(end) = expires_at.filter(|end| *end <= now) {
        return Err(rejected(format!("expires_at is {end}, which is over: the token would never be valid")));
    }
    Ok(NewToken { name: body.name, source: body.source, scopes: body.scopes, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::caller::CredentialKind;

    #[test]
    fn nobody_gives_away_a_scope_that_they_lack() {
        use Scope::{Admin, Read, Verify, Write};
        let now = Timestamp::now();
        for (held, asked, is_given) in [
            (&[Read][..], &[Read][..], true),
            (&[Read], &[Verify, Read], true),
            (&[Read], &[Read, Write], false),
            (&[Read, Write, Verify], &[Admin], false),
            (&[Admin], &[Write, Read, Verify, Admin], true),
            (&[], &[Verify], false),
        ] {
            let caller = Caller {
                name: "ann".to_owned(),
                source: "ann".to_owned(),
                scopes: held.to_vec(),
                credential: CredentialKind::Token,
                fingerprint: "f".to_owned(),
                peer: None,
                token: None,
                ends: None,
            };
            let body =
                NewTokenBody { name: "x".to_owned(), source: None, scopes: asked.to_vec(), expires_at: None };
            let refused = wanted(body, &caller, now).err().map(|problem| problem.code());
            assert_eq!(refused, (!is_given).then_some(Code::Forbidden), "{held:?} {asked:?}");
        }
    }
}
