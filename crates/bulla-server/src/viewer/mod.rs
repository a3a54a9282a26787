//! The viewer: one page with its scripts, built from `ui/` and embedded. The files hold nothing of any log, so anyone may
//! have them; what the page then asks for needs a login.

mod files;
mod placeholder;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::problem::{Code, Problem};
use crate::state::Shared;
use files::Files;

/// The one page.
const PAGE: &str = "index.html";
/// The verifier as one file, to be kept and used without a server.
const OFFLINE: &str = "verify.html";

/// What the page may do: load its own scripts, styles and images, and speak to its own server. Nothing inline, so that log
/// content is never more than text.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// Places in the viewer that people type and link to; the page has them behind its `#`.
const PLACES: [&str; 6] = ["entries", "sessions", "integrity", "sources", "status", "help"];

/// The routes of the page and its files; without an embedded viewer, of a page that says how to get it.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    let files = Files::embedded();
    let mut router = Router::new().route("/", get(page));
    for place in PLACES {
        router = router
            .route(&format!("/{place}"), get(to_place))
            .route(&format!("/{place}/{{*rest}}"), get(to_place));
    }
    files
        .paths()
        .filter(|path| *path != PAGE)
        .fold(router, |router, path| router.route(&format!("/{path}"), get(file)))
}

/// The page, or what stands in for it.
async fn page(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match Files::embedded().find(PAGE) {
        Some(page) => with_policy(page.answer(&parts.headers), PAGE_POLICY),
        None => placeholder::page(&shared, &parts),
    }
}

/// `/entries/41?q=a` is `/#/entries/41?q=a`: places are behind the `#`, where they never reach a server or its logs.
async fn to_place(uri: Uri) -> Response {
    let place = uri.path_and_query().map_or("/", |place| place.as_str());
    Redirect::temporary(&format!("/#{place}")).into_response()
}

async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let Some(file) = Files::embedded().find(path) else {
        return Problem::new(Code::NotFound, format!("the viewer has no file {path}")).into_response();
    };
    // A worker runs under the policy of its script, not of the page that began it.
    let policy = if path == OFFLINE { offline_policy().clone() } else { PAGE_POLICY };
    with_policy(file.answer(&headers), policy)
}

fn with_policy(mut response: Response, policy: HeaderValue) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The policy that the offline page carries, which names its one script and style by their digests.
fn offline_policy() -> &'static HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let text = Files::embedded().find(OFFLINE).and_then(files::ServedFile::text);
        let carried = text.and_then(carried_policy).unwrap_or("default-src 'none'");
        HeaderValue::from_str(&format!("{carried}; frame-ancestors 'none'"))
            .unwrap_or(HeaderValue::from_static("default-src 'none'"))
    });
    &POLICY
}

/// The policy in a page's head.
fn carried_policy(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<meta http-equiv=\"content-security-policy\" content=\"")?;
    rest.split_once('"').map(|(policy, _)| policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_the_offline_page_is_the_one_that_it_carries() {
        let page =
            "<head><meta http-equiv=\"content-security-policy\" content=\"script-src 'sha256-a='\"><title>";
        assert_eq!(carried_policy(page), Some("script-src 'sha256-a='"));
        assert_eq!(carried_policy("<head>"), None);
    }

    #[tokio::test]
    async fn a_place_in_the_path_leads_to_the_one_behind_the_mark() {
        for (path, expected) in [
            ("/entries", "/#/entries"),
            ("/entries/41", "/#/entries/41"),
            ("/sessions/a%2Fb?step=2", "/#/sessions/a%2Fb?step=2"),
        ] {
            let response = to_place(path.parse().unwrap()).await;
            assert_eq!(response.headers()["location"], expected);
        }
    }
}
