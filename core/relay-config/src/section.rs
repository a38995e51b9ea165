//! [`Section`]: one table of the configuration as its owner declares it. [`SectionSpec`]: the
//! same as plain data, so that sections of many crates fit one list.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::Path;

/// One table of the configuration, with its manual in its doc comments.
///
/// The struct derives `Deserialize` with `#[serde(default, deny_unknown_fields)]`, so that every
/// key may be left out and none can be misspelt. See the crate's page for an example.
pub trait Section:
    Serialize + DeserializeOwned + JsonSchema + Default + Send + Sync + 'static
{
    /// The table's name; empty for keys at the top level of the file.
    const NAME: &'static str;
}

/// A [`Section`] as data.
#[derive(Clone, Debug)]
pub struct SectionSpec {
    pub(crate) name: &'static str,
    pub(crate) schema: Value,
    pub(crate) defaults: Value,
    pub(crate) canonical: fn(&Value) -> Result<Value, Fault>,
}

impl SectionSpec {
    /// Captures the section's name, schema and defaults.
    pub fn of<T: Section>() -> Self {
        // Inlined, a field's schema is in one piece: its own notes and its type's together.
        let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<T>();
        Self {
            name: T::NAME,
            schema: schema.to_value(),
            defaults: serde_json::to_value(T::default()).unwrap_or_default(),
            canonical: |value| {
                let section: T = read(value)?;
                serde_json::to_value(section).map_err(Fault::whole)
            },
        }
    }

    /// The table's name; empty for keys at the top level of the file.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The section's JSON schema.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// The values that hold when nothing is configured.
    pub fn defaults(&self) -> &Value {
        &self.defaults
    }
}

/// Why a value does not fit its type, and where inside it.
pub(crate) struct Fault {
    pub(crate) path: Option<Path>,
    pub(crate) reason: String,
}

impl Fault {
    fn whole(error: serde_json::Error) -> Self {
        Self {
            path: None,
            reason: error.to_string(),
        }
    }
}

pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(value).map_err(|error| Fault {
        path: Some(error.path().clone()),
        reason: error.into_inner().to_string(),
    })
}
