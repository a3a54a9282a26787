//! `GET /` of a build without the viewer: what there is, and how to get the viewer.

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::access::caller::identify;
use crate::access::login::page_of;
use crate::state::Shared;

/// A page that says which log this is and what can be asked of it; to the login when nobody is logged in.
pub(super) fn page(shared: &Shared, parts: &Parts) -> Response {
    let Ok(caller) = identify(shared, parts) else { return Redirect::to("/login").into_response() };
    let identity = shared.reader.identity();
    let marks = shared.log.watermarks();
    let body = format!(
        "<p>You are {}. The log <b>{}</b> has {} entries; checkpoints cover {}.</p>\
         <p>Its verifier key:<br><code>{}</code></p>\
         <ul><li><a href=/v1/entries>newest entries</a><li><a href=/v1/tail>live tail</a>\
         <li><a href=/v1/status>status</a><li><a href=/openapi.json>the API</a></ul>\
         <p>The viewer is not in this build: it was made without npm. With Node.js 20.19 or later installed, \
         <code>BULLA_UI=require cargo build -p bulla-cli</code> puts it in.</p>\
         <form method=post action=/logout><button>Log out</button></form>",
        text(&caller.name),
        text(&identity.origin),
        marks.integrated,
        marks.published,
        text(&identity.vkey),
    );
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Html(page_of("Bulla", &body))).into_response()
}

/// Text as HTML shows it.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_stays_text() {
        assert_eq!(super::text("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
    }
}
