//! What stands in the address of a request, with an error that says what is wrong with it.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts as Head;
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

/// Parameters of the query string. An unknown one is an error: a filter that is misspelt must not match everything.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

/// Parts of the path, decoded.
#[derive(Debug)]
pub(crate) struct Parts<T>(pub(crate) T);

/// Parameters of which one may come several times, as they stand.
#[derive(Debug)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Head, state: &S) -> Result<Self, Problem> {
        let Params(pairs) = Params::from_request_parts(parts, state).await?;
        Ok(Self(pairs))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Head, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(Problem::new(Code::BadRequest, error.body_text())),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Parts<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Head, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(parts)) => Ok(Self(parts)),
            Err(error) => Err(Problem::new(Code::BadRequest, error.body_text())),
        }
    }
}
