//! `GET /v1/facets`: which values fields have among the entries that match.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use bulla_search::facets_default;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Coverage, Total, ask, filter, limit};
use crate::access::caller::Caller;
use crate::api::params::Pairs;
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// Values of a field when no other number is asked for.
const LIMIT_DEFAULT: u64 = 10;
/// 10,000 values of a field.
const LIMIT_MAX: u64 = 10_000;
/// 32 fields of one answer.
const FIELDS_MAX: usize = 32;

/// Of which entries, and which fields.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters of which one may come several times")]
pub(crate) struct FacetsParams {
    /// A query; without one, every entry.
    q: Option<String>,
    /// Only what happened at or after this moment: RFC 3339, a day, or `2h` ago.
    from: Option<String>,
    /// Only what happened before this moment.
    to: Option<String>,
    /// A field, as a dotted path; several times for several fields, 32 at most.
    field: Option<Vec<String>>,
    /// Values of each field, 1 to 10,000; 10 when not given.
    limit: Option<u64>,
}

/// Values of fields.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FacetsBody {
    /// How many entries match.
    total: Total,
    #[serde(flatten)]
    coverage: Coverage,
    /// One for each field, in the order in which they were asked for.
    facets: Vec<FacetBody>,
}

/// The values of a field among the entries that match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FacetBody {
    /// Its dotted path.
    field: String,
    /// The most frequent first.
    values: Vec<ValueBody>,
    /// Entries with values that are not listed.
    other: u64,
    /// Entries without the field.
    missing: u64,
    /// Whether all values were counted.
    exact: bool,
}

/// A value of a field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValueBody {
    /// As text.
    value: String,
    /// Entries that have it.
    count: u64,
}

/// Counts entries by the values of fields.
#[utoipa::path(get, path = "/v1/facets", operation_id = "show_facets", tag = "entries", params(FacetsParams), responses(
    (status = 200, description = "Values with counts", body = FacetsBody),
    (status = "4XX", description = "The query or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    pairs: Pairs,
) -> Result<Json<FacetsBody>, Problem> {
    let Asked { q, from, to, fields, limit } = Asked::of(pairs)?;
    let filter = filter(&q, from.as_deref(), to.as_deref())?;
    let body = ask(&shared, &caller, Kind::Search, &q, move |view| {
        let found = view.facets(&filter, &fields, limit)?;
        Ok(FacetsBody {
            total: found.counted.total.into(),
            coverage: Coverage::counted(view, found.counted),
            facets: found.facets.into_iter().map(FacetBody::of).collect(),
        })
    });
    Ok(Json(body.await?))
}

/// What was asked for.
struct Asked {
    q: String,
    from: Option<String>,
    to: Option<String>,
    fields: Vec<String>,
    limit: usize,
}

impl Asked {
    fn of(Pairs(pairs): Pairs) -> Result<Self, Problem> {
        let mut asked = Self { q: String::new(), from: None, to: None, fields: Vec::new(), limit: 0 };
        let mut number = None;
        for (name, value) in pairs {
            match name.as_str() {
                "q" => asked.q = value,
                "from" => asked.from = Some(value),
                "to" => asked.to = Some(value),
                "field" => asked.fields.push(value),
                "limit" => {
                    number = Some(value.parse().map_err(|_| {
                        Problem::new(Code::BadRequest, format!("limit is {value:?}, not a number"))
                    })?);
                }
                other => {
                    let detail = format!("unknown parameter {other:?}; these are: q, from, to, field, limit");
                    return Err(Problem::new(Code::BadRequest, detail));
                }
            }
        }
        if asked.fields.len() > FIELDS_MAX {
            let detail = format!("{} fields, at most {FIELDS_MAX}", asked.fields.len());
            return Err(Problem::new(Code::BadRequest, detail));
        }
        if asked.fields.is_empty() {
            asked.fields = facets_default().map(str::to_owned).into();
        }
        asked.limit = limit("limit", number, LIMIT_DEFAULT, LIMIT_MAX)?;
        Ok(asked)
    }
}

impl FacetBody {
    fn of(facet: bulla_search::Facet) -> Self {
        Self {
            field: facet.field,
            values: facet
                .values
                .into_iter()
                .map(|value| ValueBody { value: value.value, count: value.count })
                .collect(),
            other: facet.other,
            missing: facet.missing,
            exact: facet.is_exact,
        }
    }
}
