//! Loading: which files are read, in which order they count, and finding every problem in one go.

use std::path::PathBuf;

use config::Config;

use crate::{
    ConfigError, ConfigErrors, Loaded, SectionSpec, Sources,
    catalog::Catalog,
    check::{Scope, check},
    environment, file,
    node::{Defaults, Layer, to_json},
};

/// Reads the configuration of these sections; nothing else may be configured.
///
/// Later ones win: built-in defaults, the file, `conf.d/*.toml` beside it in the order of their
/// names, the environment. Tables merge key by key; a list replaces the one before it.
pub fn load(sources: &Sources, specs: &[SectionSpec]) -> Result<Loaded, ConfigErrors> {
    read(sources, specs, Scope::Everything)
}

/// Reads the configuration of these sections from files that may hold other sections too: for a
/// program that shares the daemon's file but needs only to find its socket.
pub fn load_only(sources: &Sources, specs: &[SectionSpec]) -> Result<Loaded, ConfigErrors> {
    read(sources, specs, Scope::OwnSections)
}

fn read(sources: &Sources, specs: &[SectionSpec], scope: Scope) -> Result<Loaded, ConfigErrors> {
    let catalog = Catalog::of(specs);
    let mut errors = Vec::new();
    let files = files(sources)?;
    let mut layers = Vec::new();
    for path in &files {
        match file::read(path) {
            Ok(layer) => layers.push(layer),
            Err(error) => errors.push(error),
        }
    }
    layers.push(environment::read(&sources.env, &catalog, &mut errors));
    for layer in &mut layers {
        errors.extend(check(layer, &catalog, scope));
    }
    let root = merge(&layers, &catalog)?;
    let loaded = Loaded {
        catalog,
        files,
        layers,
        root,
    };
    errors.extend(specs.iter().flat_map(|spec| loaded.problems(spec)));
    ConfigErrors::check(errors).map(|()| loaded)
}

fn files(sources: &Sources) -> Result<Vec<PathBuf>, ConfigError> {
    let Some(main) = sources.file()? else {
        return Ok(Vec::new());
    };
    let more = main
        .parent()
        .map(|directory| file::list(&directory.join("conf.d")));
    let more = more.transpose()?.unwrap_or_default();
    Ok([main].into_iter().chain(more).collect())
}

fn merge(layers: &[Layer], catalog: &Catalog) -> Result<serde_json::Value, ConfigError> {
    let builder = layers
        .iter()
        .cloned()
        .fold(Config::builder(), |builder, layer| {
            builder.add_source(layer)
        });
    let defaults = Defaults {
        root: catalog.default_tree(),
    };
    let merged = builder
        .add_source(defaults)
        .build()
        .map_err(|error| ConfigError::BadValue {
            at: crate::Origin::Default,
            key: "configuration".to_owned(),
            reason: error.to_string(),
            hint: String::new(),
        })?;
    Ok(to_json(&merged.cache))
}
