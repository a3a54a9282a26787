//! Every route on one page: what it is, and what it takes to use it.

use std::any::Any;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::caller::identify;
use crate::access::guard::{Gate, guard};
use crate::access::login::{self, CONTENT_POLICY};
use crate::access::scope::Scope;
use crate::api::search::{entries, facets, histogram, session, sessions, sources};
use crate::api::{admin, audit, checkpoints, entry, export, payload, status, tail};
use crate::document::{self, Described};
use crate::ingest::route as ingest;
use crate::own_record::failed_read;
use crate::problem::{Code, Problem};
use crate::public;
use crate::state::Shared;
use crate::viewer;
use crate::watch::{metrics, probes, requests};

/// Routes that need `scope`. The gate is outermost: behind it, every request has somebody's name.
fn needing(
    shared: &Arc<Shared>,
    scope: Scope,
    mut routes: OpenApiRouter<Arc<Shared>>,
) -> OpenApiRouter<Arc<Shared>> {
    document::require(scope, routes.get_openapi_mut());
    let gate = Gate { shared: shared.clone(), scope };
    routes
        .route_layer(shared.own_record.clone())
        .route_layer(middleware::from_fn_with_state(shared.log.clone(), failed_read))
        .route_layer(middleware::from_fn_with_state(gate, guard))
}

/// The log as others check it: for anyone when it is public, otherwise for those who may verify; entries tell what they
/// say, so those need more.
fn public_format(shared: &Arc<Shared>) -> OpenApiRouter<Arc<Shared>> {
    // An index has slashes, which a described path cannot say.
    let hashes = OpenApiRouter::with_openapi(public::DescribedHashes::openapi())
        .routes(routes!(public::identity))
        .routes(routes!(public::checkpoint))
        .route("/tile/{level}/{*index}", get(public::hashes));
    let entries = OpenApiRouter::with_openapi(public::DescribedEntries::openapi())
        .route("/tile/entries/{*index}", get(public::entries));
    if shared.settings.public {
        return hashes.merge(entries);
    }
    needing(shared, Scope::Verify, hashes).merge(needing(shared, Scope::Read, entries))
}

/// All routes, and the document that describes them.
pub(crate) fn routes(shared: &Arc<Shared>) -> (Router, utoipa::openapi::OpenApi) {
    let open =
        OpenApiRouter::new().routes(routes!(login::page, login::log_in)).routes(routes!(login::log_out));
    let probes = OpenApiRouter::new().routes(routes!(probes::healthz)).routes(routes!(probes::readyz));
    let measured = OpenApiRouter::new().routes(routes!(metrics::metrics));
    let measured =
        if shared.settings.metrics_public { measured } else { needing(shared, Scope::Read, measured) };
    let writing = OpenApiRouter::new().routes(routes!(ingest::record));
    let reading = OpenApiRouter::new()
        .routes(routes!(entries::list))
        .routes(routes!(entry::show))
        .routes(routes!(payload::show))
        .routes(routes!(tail::follow))
        .routes(routes!(histogram::show))
        .routes(routes!(facets::show))
        .routes(routes!(sessions::list))
        .routes(routes!(session::show))
        .routes(routes!(sources::list))
        .routes(routes!(export::export))
        .routes(routes!(audit::list))
        .routes(routes!(status::show))
        .routes(routes!(checkpoints::list));
    let administering = OpenApiRouter::new()
        .routes(routes!(admin::tokens::list, admin::tokens::create))
        .routes(routes!(admin::tokens::revoke))
        .routes(routes!(admin::settings::show));
    let verifying = OpenApiRouter::new().routes(routes!(entry::proof));
    let (router, document) = OpenApiRouter::with_openapi(Described::openapi())
        .merge(open)
        .merge(probes)
        .merge(measured)
        .merge(needing(shared, Scope::Write, writing))
        .merge(needing(shared, Scope::Read, reading))
        .merge(needing(shared, Scope::Verify, verifying))
        .merge(needing(shared, Scope::Admin, administering))
        .merge(public_format(shared))
        .split_for_parts();
    let described = document.clone();
    let router = router
        .merge(viewer::routes())
        .route("/openapi.json", get(async move || Json(described)))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared.clone())
        .layer(middleware::from_fn_with_state(shared.clone(), check_uri))
        .layer(RequestBodyTimeoutLayer::new(shared.settings.limits.body_timeout))
        .layer(CatchPanicLayer::custom(panicked));
    let observe = middleware::from_fn_with_state(shared.clone(), requests::observe);
    (with_security_headers(router).layer(observe), document)
}

/// What is where is told to those only who may ask; what others try is a refusal like any.
async fn no_route(State(shared): State<Arc<Shared>>, request: Request) -> Problem {
    let (parts, _) = request.into_parts();
    if let Err(problem) = identify(&shared, &parts) {
        shared.denials.record(&problem, &parts, None);
        return problem;
    }
    let detail = format!("there is nothing at {}; /openapi.json lists the routes", parts.uri.path());
    Problem::new(Code::NotFound, detail)
}

/// The request is on the record already when it had a name, see `own_record`.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::new(Code::Internal, "a mistake in the server ended this request; others are not affected")
        .into_response()
}

async fn wrong_method(request: Request) -> Problem {
    let detail = format!("{} does not take {}", request.uri().path(), request.method());
    Problem::new(Code::MethodNotAllowed, detail)
}

async fn check_uri(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let limit = shared.settings.limits.uri_bytes;
    let length = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if length > limit {
        let detail = format!("path and query have {length} bytes, at most {limit}");
        return Problem::new(Code::UriTooLong, detail).into_response();
    }
    next.run(request).await
}

/// Headers that keep a browser from doing with an answer what it is not for.
fn with_security_headers(mut router: Router) -> Router {
    let headers = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY.clone()),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    for (name, value) in headers {
        router = router.layer(SetResponseHeaderLayer::if_not_present(name, value));
    }
    router
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_as_a_mistake_of_the_server() {
        let panics = get(|| async { panic!("in a test") as () });
        let router: Router = Router::new().route("/", panics).layer(CatchPanicLayer::custom(panicked));
        let response = router.oneshot(Request::new(axum::body::Body::empty())).await.unwrap();
        assert_eq!(response.extensions().get(), Some(&Code::Internal));
        assert_eq!(response.status(), 500);
    }
}
