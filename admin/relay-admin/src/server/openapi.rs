//! The OpenAPI document, made from what the routes were declared with.

use relay_core::admin::{Operation, SchemaOf};
use relay_core::core::VERSION;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::types::Problem;

const DESCRIPTION: &str = "\
Everything relayctl shows and does. Served on the daemon's unix socket to whoever may write to it, \
and at `admin.listen` over TCP to whoever shows the token. Times are Unix seconds, lengths of time \
seconds. Fields are only ever added.";

/// The document for these operations.
pub fn document<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = described(operation, &mut generator);
    }
    let problem = content(
        "application/problem+json",
        generator.subschema_for::<Problem>(),
    );
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "relayd admin API",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The daemon that served this document" }],
        // Over the unix socket nothing has to be shown.
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": {
                "Problem": {
                    "description": "Refused; `detail` says in one line what is wrong and what to do",
                    "content": problem,
                },
            },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn described(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let shape = &operation.shape;
    let gives = content("application/json", (shape.gives)(generator));
    let mut described = json!({
        "operationId": name(operation),
        "tags": [tag(operation.path)],
        "summary": operation.does,
        "responses": {
            "200": { "description": "Done", "content": gives },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    let segments: Vec<Value> = segments(operation.path)
        .map(|name| parameter(name, shape.segment, generator))
        .collect();
    if !segments.is_empty() {
        described["parameters"] = segments.into();
    }
    if let Some(takes) = shape.takes {
        let content = content("application/json", takes(generator));
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described
}

fn content(kind: &str, schema: impl Into<Value>) -> Value {
    json!({ kind: { "schema": schema.into() } })
}

fn parameter(name: &str, schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    let schema = Value::from(schema(generator));
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

/// The names within `{…}`.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let words = path.split('/');
    words.filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'))
}

/// The first word: `workers`, or the name of a relay.
fn tag(path: &str) -> &str {
    path.split(['/', '.']).nth(2).unwrap_or_default()
}

/// `GET /v1/sogs/rooms/{token}` is `getSogsRoomsByToken`.
fn name(operation: &Operation) -> String {
    let words = operation.path.split(['/', '.']).skip(2);
    let words = words.map(
        |word| match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(segment) => format!("By{}", capital(segment)),
            None => capital(word),
        },
    );
    operation.method.to_ascii_lowercase() + &words.collect::<String>()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_operation_has_its_own_name_and_every_reference_leads_somewhere() {
        let api = crate::server::api();
        let document = document(api.operations());
        let names: HashSet<_> = api.operations().iter().map(name).collect();
        assert_eq!(names.len(), api.operations().len());
        assert!(names.contains("postWorkersByNameRun"), "{names:?}");
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().expect("its end");
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn what_goes_in_and_out_is_told() {
        let document = document(crate::server::api().operations());
        let paused = &document["paths"]["/v1/workers/{name}/paused"]["put"];
        assert_eq!(paused["parameters"][0]["name"], "name");
        let body = &paused["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["$ref"], "#/components/schemas/WorkerPaused");
        let paths = &document["paths"];
        let limit = &paths["/v1/audit/{limit}"]["get"]["parameters"][0]["schema"];
        assert_eq!(limit["type"], "integer");
        let doc = &document["components"]["schemas"]["Worker"]["properties"]["every"];
        assert_eq!(
            doc["description"],
            "Seconds from the end of a run to the next."
        );
    }
}
