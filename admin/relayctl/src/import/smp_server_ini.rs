//! `smp-server.ini`, as it is translated whenever a server is started under that name.

use std::path::Path;

use super::{Dropped, Imported};
use crate::old::smp_server::ini::Ini;
use crate::old::smp_server::places::Places;
use crate::old::smp_server::translate::translate;

/// Whether a file is one: it says where the server is, or what it keeps.
pub(super) fn is_one(text: &str) -> bool {
    let Ok(ini) = Ini::parse(text) else {
        return false;
    };
    let mut sections = ini.settings().iter().map(|setting| &*setting.section);
    sections.any(|section| ["TRANSPORT", "STORE_LOG"].contains(&section))
}

/// Its settings; the identity stays where it is, beside the file.
pub(super) fn import(text: &str, path: &Path) -> Result<Imported, String> {
    let ini = Ini::parse(text).map_err(|error| error.to_string())?;
    let mut places = Places::of_environment();
    let folder = path.parent().map(std::path::absolute);
    if let Some(Ok(folder)) = folder {
        places.configuration = folder;
    }
    let translation = translate(&ini, &places).map_err(|error| error.to_string())?;
    let dropped = translation.dropped.iter().map(|dropped| Dropped {
        key: dropped.key(),
        reason: dropped.why().to_owned(),
    });
    let no_https = translation.told.web.trouble.map(|trouble| Dropped {
        key: "[WEB] https".to_owned(),
        reason: format!("its certificate and key cannot be read ({trouble})"),
    });
    let folder = places.configuration.display();
    Ok(Imported {
        settings: translation.config,
        dropped: dropped.chain(no_https).collect(),
        next: vec![
            format!("let the user relayd runs as read {folder}, or copy its keys and certificates and set smp.identity.folder"),
            "queues and messages are not imported: until its clients have moved, keep that smp-server running".to_owned(),
        ],
        ..Imported::default()
    })
}
