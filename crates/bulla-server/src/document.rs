//! What the OpenAPI document says of more than one route: tags, credentials, and the scope that each route needs,
//! which comes from the same place as the check of it.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, OpenApi as Document, Ref, Response};
use utoipa::{Modify, OpenApi};

use crate::access::caller::cookie_name;
use crate::access::scope::Scope;

/// Name of the scheme for programs.
const TOKEN: &str = "token";
/// Name of the scheme for people.
const SESSION: &str = "session";

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bulla",
        description = "An append-only audit log that anyone can verify. Errors are problem+json with a stable `code`."
    ),
    tags(
        (name = "entries", description = "Recording, finding, following and proving entries"),
        (name = "sessions", description = "What was done in one session, as a tree"),
        (name = "public format", description = "The log as others check it: checkpoints and tiles, as C2SP has them"),
        (name = "access", description = "How people log in and out, and the tokens of programs"),
        (name = "operation", description = "How the server and its log are")
    ),
    modifiers(&Credentials)
)]
pub(crate) struct Described;

/// The two kinds of credentials.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.description = Some(
            "For programs: `bulla token create --name my-app --scope write`. The roles that a route lists are scopes; \
             `admin` has them all, and `read` includes `verify`."
                .to_owned(),
        );
        let session = ApiKeyValue::with_description(
            cookie_name(false),
            &format!("For people: set by `/login`; over TLS its name is `{}`.", cookie_name(true)),
        );
        let components = document.components.get_or_insert_with(Components::default);
        components.security_schemes.insert(TOKEN.to_owned(), SecurityScheme::Http(token).into());
        components
            .security_schemes
            .insert(SESSION.to_owned(), SecurityScheme::ApiKey(ApiKey::Cookie(session)).into());
    }
}

/// Says of every route in `document` that it needs `scope`, and what the check of it and reading can answer.
pub(crate) fn require(scope: Scope, document: &mut Document) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let either = [TOKEN, SESSION].map(|scheme| SecurityRequirement::new(scheme, [scope.as_str()]));
        operation.security = Some(either.into());
        let responses = &mut operation.responses.responses;
        let failed = || problem("Stored data could not be read; the server's log says more").into();
        responses.entry("500".to_owned()).or_insert_with(failed);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn problem(description: &str) -> Response {
    let mut response = Response::new(description);
    let body = Content::new(Some(Ref::from_schema_name("ProblemBody")));
    response.content.insert("application/problem+json".to_owned(), body.into());
    response
}
