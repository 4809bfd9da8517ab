//! The service's description for programs: OpenAPI 3.1, made from the routes themselves.
//!
//! Each route is registered together with its description, so none can be served without being
//! described. What all have in common — the ledger's name in the path, problems — is put in here.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder,
    schema::Type,
};
use utoipa::{PartialSchema as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::wire::{BRIEFLY, headers};

/// The part of a path that names a ledger.
const SLUG: &str = "/{slug}";

/// An error: RFC 9457. A rule's own members stand beside these.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemDocument {
    /// `urn:sanzi:<rule>`, stable.
    r#type: String,
    /// What it is, in a few words.
    title: String,
    /// What was expected, what was found, and the way out.
    detail: String,
    /// The status of the answer.
    status: u16,
    /// The `x-request-id` of the answer.
    request_id: Option<String>,
}

/// Describes a site's own routes and those of each of its ledgers, of which one is the example.
pub(crate) fn described(site: OpenApi, ledger: OpenApi, example: Option<&str>) -> OpenApi {
    let mut document = site.nest(SLUG, ledger);
    document.info = InfoBuilder::new()
        .title("三资账 Sanzi Ledger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Ledgers of village collectives, signed and verifiable. FORMAT.md says what the bodies are.",
        ))
        .build();
    let components = document.components.get_or_insert_default();
    let problem = ("Problem".to_owned(), ProblemDocument::schema());
    components.schemas.extend([problem]);
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        if path.starts_with(SLUG) {
            item.parameters = Some(vec![RefOr::T(slug(example))]);
        }
        operations(&mut item).for_each(may_fail);
        // The router's pattern for the rest of a path is none of OpenAPI's.
        let path = path.replace("{*", "{");
        document.paths.paths.insert(path, item);
    }
    document
}

fn slug(example: Option<&str>) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new()
        .name("slug")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The ledger, as in `/ledgers.json`"))
        .schema(Some(text))
        .example(example.map(Value::from))
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let reads = item.get.iter_mut();
    let writes = item.post.iter_mut().chain(&mut item.put);
    reads.chain(writes).chain(&mut item.delete)
}

/// Every other answer is a problem.
fn may_fail(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let response = ResponseBuilder::new()
        .description("A problem (RFC 9457), in Chinese, or in English if that is preferred")
        .content("application/problem+json", content)
        .build();
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), RefOr::T(response));
}

/// The route of the description itself, to be described with the others.
pub(crate) fn own() -> OpenApiRouter<Bytes> {
    OpenApiRouter::new().routes(routes!(document))
}

/// The route that gives this document out.
pub(crate) fn served(document: &OpenApi) -> Router {
    let text = serde_json::to_vec_pretty(document).unwrap_or_default();
    let (router, _) = own().with_state(Bytes::from(text)).split_for_parts();
    router
}

/// `GET /openapi.json`
#[utoipa::path(
    get,
    path = "/openapi.json",
    summary = "This description, for programs",
    responses((status = 200, description = "OpenAPI 3.1", body = Value, content_type = "application/json"))
)]
async fn document(State(document): State<Bytes>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (headers(kind, BRIEFLY), document).into_response()
}
