//! The service's description for people who write programs: `/api`, made from the OpenAPI document. (接口说明)
//!
//! A page of the server's own rather than one of the usual viewers: those need scripts, inline styles or
//! another site, and none speaks Chinese. What the page says is what the document says, each text in the
//! reader's language; requests to copy have the address by which the reader came.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, VARY};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use ledger_core::event::NOTE_LIMIT;
use ledger_core::hash::Digest;
use ledger_core::language::Language;
use ledger_core::refusal::Refusal;
use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::client::Client;
use crate::language::asked;
use crate::problem::Problem;
use crate::wire::headers;

mod words;

use words::{DESK, TEXTS};

/// The page's one style, allowed by its digest.
const STYLE: &str = include_str!("../templates/reference.css");

/// Where a reader is if the request does not say.
const SOMEWHERE: &str = "127.0.0.1:8080";

/// Both forms of the page.
pub(crate) struct Reference {
    en: Document,
    policy: HeaderValue,
    zh: Document,
}

/// What the document says, in one language.
struct Document {
    groups: Vec<Group>,
    schemas: Vec<Schema>,
    version: String,
}

struct Group {
    id: &'static str,
    operations: Vec<Operation>,
    title: &'static str,
}

struct Operation {
    answers: Vec<Answer>,
    body: Option<(String, String)>,
    description: String,
    /// What follows the site in a request that can be sent as it is; empty if none can.
    example: String,
    id: String,
    writes: bool,
    method: &'static str,
    parameters: Vec<Field>,
    path: String,
    summary: String,
}

struct Answer {
    content: Vec<(String, Kind)>,
    description: String,
    headers: Vec<Field>,
    status: String,
}

struct Schema {
    description: String,
    fields: Vec<Field>,
    name: String,
}

struct Field {
    description: String,
    example: String,
    kind: Kind,
    name: String,
    /// A regular expression; empty if there is none.
    pattern: String,
}

/// The kind of a value: words around the name of a schema, which may be empty.
#[derive(Default)]
struct Kind {
    before: &'static str,
    schema: String,
    words: String,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct Page<'a> {
    document: &'a Document,
    is_zh: bool,
    limit: usize,
    rules: &'static [&'static str],
    site: String,
    style: &'static str,
}

impl Page<'_> {
    fn pick(&self, zh: &'static str, en: &'static str) -> &'static str {
        if self.is_zh { zh } else { en }
    }
}

/// The route of the page, to be described with the others.
pub(crate) fn own() -> OpenApiRouter<Arc<Reference>> {
    OpenApiRouter::new().routes(routes!(reference))
}

/// The route that shows this document.
pub(crate) fn served(document: &OpenApi) -> Router {
    let json = serde_json::to_value(document).unwrap_or_default();
    let digest = BASE64.encode(Digest::of(STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let nothing = HeaderValue::from_static("default-src 'none'");
    let page = Reference {
        en: Document::of(&json, Language::En),
        policy: HeaderValue::try_from(policy).unwrap_or(nothing),
        zh: Document::of(&json, Language::Zh),
    };
    let (router, _) = own().with_state(Arc::new(page)).split_for_parts();
    router
}

/// `GET /api`
#[utoipa::path(
    get,
    path = "/api",
    summary = "This description, for people",
    responses((status = 200, description = "This page; `?lang=zh` or `?lang=en` chooses its language", body = String, content_type = "text/html; charset=utf-8"))
)]
async fn reference(State(reference): State<Arc<Reference>>, request: Request) -> Response {
    let language = match request.uri().query() {
        Some("lang=zh") => Language::Zh,
        Some("lang=en") => Language::En,
        _ => asked(request.headers()),
    };
    let page = Page {
        document: language.pick(&reference.zh, &reference.en),
        is_zh: matches!(language, Language::Zh),
        limit: NOTE_LIMIT,
        rules: Refusal::RULES,
        site: site(&request),
        style: STYLE,
    };
    let Ok(html) = page.render() else {
        return Problem::fault(language).into_response();
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let no_store = HeaderValue::from_static("no-store");
    let mut response = (headers(kind, no_store), html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, reference.policy.clone());
    headers.insert(VARY, HeaderValue::from_static("accept-language, host"));
    response
}

/// The address by which a client came, as far as it can stand in a command line.
fn site(request: &Request) -> String {
    let client = request.extensions().get::<Client>();
    let scheme = match client {
        Some(client) if client.is_secure => "https",
        _ => "http",
    };
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let host = host.filter(|host| !host.is_empty() && host.bytes().all(is_plain));
    format!("{scheme}://{}", host.unwrap_or(SOMEWHERE))
}

/// The methods of operations, as the document and as people name them.
const METHODS: [(&str, &str); 4] = [
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("delete", "DELETE"),
];

/// A text of the document in a language; the text itself if it has no other.
fn told(text: &str, language: Language) -> String {
    let zh = TEXTS.iter().chain(DESK).find(|(en, _)| *en == text);
    match language {
        Language::Zh => zh.map_or(text, |(_, zh)| zh).to_owned(),
        // The document's texts are CommonMark; these marks are all they have of it.
        _ => text.replace('`', ""),
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The last part of a reference within the document.
fn referred(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or_default().to_owned()
}

impl Document {
    fn of(json: &Value, language: Language) -> Self {
        let (mut of_site, mut of_ledger) = (Vec::new(), Vec::new());
        for (path, item) in members(&json["paths"]) {
            for (name, method) in METHODS {
                if item[name].is_null() {
                    continue;
                }
                let operation = Operation::of(path, method, item, &item[name], language);
                match path.starts_with("/{slug}") {
                    true => of_ledger.push(operation),
                    false => of_site.push(operation),
                }
            }
        }
        let schemas = members(&json["components"]["schemas"]);
        Self {
            groups: vec![
                Group {
                    id: "ledger",
                    operations: of_ledger,
                    title: language.pick("每个账本", "Each ledger"),
                },
                Group {
                    id: "site",
                    operations: of_site,
                    title: language.pick("本站", "This site"),
                },
            ],
            schemas: schemas
                .map(|(name, schema)| Schema::of(json, name, schema, language))
                .collect(),
            version: text(&json["info"], "version").to_owned(),
        }
    }
}

impl Operation {
    fn of(
        path: &str,
        method: &'static str,
        item: &Value,
        operation: &Value,
        language: Language,
    ) -> Self {
        let all = items(&item["parameters"]).chain(items(&operation["parameters"]));
        let parameters: Vec<Field> = all.map(|one| Field::of_parameter(one, language)).collect();
        let mut example = path.to_owned();
        for parameter in parameters.iter().filter(|one| !one.example.is_empty()) {
            example = example.replace(&format!("{{{}}}", parameter.name), &parameter.example);
        }
        // What is put has to be signed first.
        if example.contains('{') || method == "PUT" {
            example.clear();
        }
        let body = &operation["requestBody"];
        let kind = members(&body["content"])
            .map(|(kind, _)| kind.clone())
            .next();
        let id: String = path
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        Self {
            answers: members(&operation["responses"])
                // What all have in common is said once.
                .filter(|(status, _)| *status != "default")
                .map(|(status, answer)| Answer::of(status, answer, language))
                .collect(),
            body: kind.map(|kind| (kind, told(text(body, "description"), language))),
            description: told(text(operation, "description"), language),
            example,
            id: format!("{}{id}", method.to_ascii_lowercase()),
            writes: method != "GET",
            method,
            parameters,
            path: path.to_owned(),
            summary: told(text(operation, "summary"), language),
        }
    }
}

impl Answer {
    fn of(status: &str, answer: &Value, language: Language) -> Self {
        let header = |(name, header): (&String, &Value)| Field {
            description: told(text(header, "description"), language),
            example: String::new(),
            kind: Kind::of(&header["schema"], language),
            name: name.clone(),
            pattern: String::new(),
        };
        let kind =
            |(kind, media): (&String, &Value)| (kind.clone(), Kind::of(&media["schema"], language));
        Self {
            content: members(&answer["content"]).map(kind).collect(),
            description: told(text(answer, "description"), language),
            headers: members(&answer["headers"]).map(header).collect(),
            status: status.to_owned(),
        }
    }
}

impl Schema {
    fn of(json: &Value, name: &str, schema: &Value, language: Language) -> Self {
        let mut fields = Vec::new();
        collect(json, schema, language, &mut fields);
        Self {
            description: told(text(schema, "description"), language),
            fields,
            name: name.to_owned(),
        }
    }
}

/// The fields of a schema, with those of what it is put together from.
fn collect(json: &Value, schema: &Value, language: Language, to: &mut Vec<Field>) {
    for part in items(&schema["allOf"]) {
        match part["$ref"].as_str() {
            // The document's own references lead from schema to schema without a circle.
            Some(reference) => {
                let other = &json["components"]["schemas"][referred(reference)];
                collect(json, other, language, to);
            }
            None => collect(json, part, language, to),
        }
    }
    for (name, field) in members(&schema["properties"]) {
        to.push(Field {
            description: told(text(field, "description"), language),
            example: String::new(),
            kind: Kind::of(field, language),
            name: name.clone(),
            pattern: text(field, "pattern").to_owned(),
        });
    }
}

impl Field {
    fn of_parameter(parameter: &Value, language: Language) -> Self {
        let schema = &parameter["schema"];
        let example = match &parameter["example"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self {
            description: told(text(parameter, "description"), language),
            example,
            kind: Kind::of(schema, language),
            name: text(parameter, "name").to_owned(),
            pattern: text(schema, "pattern").to_owned(),
        }
    }
}

impl Kind {
    fn of(schema: &Value, language: Language) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            return Self {
                schema: referred(reference),
                ..Self::default()
            };
        }
        let word = |kind: &str| match kind {
            "string" => language.pick("文字", "string"),
            "integer" => language.pick("整数", "integer"),
            "boolean" => language.pick("是或否", "boolean"),
            "object" => language.pick("对象", "object"),
            "null" => language.pick("可无", "or none"),
            _ => "",
        };
        let mut words = match &schema["type"] {
            Value::String(kind) if kind == "array" => {
                let mut of = Self::of(&schema["items"], language);
                // Bytes are described as a list of them.
                if of.schema.is_empty() {
                    of.words = language.pick("字节", "bytes").to_owned();
                } else {
                    of.before = language.pick("一列 ", "list of ");
                }
                return of;
            }
            Value::String(kind) => word(kind).to_owned(),
            Value::Array(kinds) => {
                let kinds = kinds.iter().filter_map(Value::as_str).map(word);
                kinds.collect::<Vec<_>>().join(language.pick("，", ", "))
            }
            _ => String::new(),
        };
        let (least, most) = (&schema["minimum"], &schema["maximum"]);
        match (least.as_u64(), most.as_u64()) {
            (Some(least), Some(most)) => words.push_str(&format!(" {least}–{most}")),
            (Some(least), None) => words.push_str(&format!(" ≥ {least}")),
            _ => {}
        }
        Self {
            words,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_could_break_out_of_a_command_is_not_repeated() {
        let of = |host: &str| {
            site(
                &Request::get("/api")
                    .header(HOST, host)
                    .body(axum::body::Body::empty())
                    .unwrap(),
            )
        };
        for host in ["sanzi.example.org", "127.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(of(host), format!("http://{host}"));
        }
        for host in ["", "a;reboot", "a b", "$(x)", "<b>"] {
            assert_eq!(of(host), format!("http://{SOMEWHERE}"), "{host}");
        }
    }

    #[test]
    fn kinds_are_told_with_their_bounds() {
        let of = |schema: Value| {
            let kind = Kind::of(&schema, Language::En);
            format!("{}{}{}", kind.before, kind.schema, kind.words)
        };
        use serde_json::json;
        for (schema, expected) in [
            (json!({"type": "integer", "minimum": 0}), "integer ≥ 0"),
            (
                json!({"type": "integer", "minimum": 0, "maximum": 63}),
                "integer 0–63",
            ),
            (json!({"type": ["string", "null"]}), "string, or none"),
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/Listed"}}),
                "list of Listed",
            ),
            (
                json!({"type": "array", "items": {"type": "integer"}}),
                "bytes",
            ),
            (json!({}), ""),
        ] {
            assert_eq!(of(schema), expected);
        }
    }
}
