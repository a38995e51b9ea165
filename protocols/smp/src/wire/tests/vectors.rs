//! The vectors beside this crate, by id and path.

use serde_json::Value;

/// One vector.
pub(crate) struct Vector(Value);

/// The vector with this id.
pub(crate) fn vector(id: &str) -> Vector {
    let file: Value =
        serde_json::from_str(include_str!("../../../vectors/smp-vectors.json")).unwrap();
    let found = file["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["id"] == id);
    Vector(found.unwrap_or_else(|| panic!("no vector {id}")).clone())
}

impl Vector {
    /// The value at a JSON pointer without its first slash.
    pub(crate) fn value(&self, path: &str) -> &Value {
        self.0
            .pointer(&format!("/{path}"))
            .unwrap_or_else(|| panic!("no {path}"))
    }

    pub(crate) fn text(&self, path: &str) -> &str {
        self.value(path).as_str().unwrap()
    }

    pub(crate) fn number(&self, path: &str) -> usize {
        self.value(path).as_u64().unwrap().try_into().unwrap()
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        hex(self.text(path))
    }

    pub(crate) fn array<const N: usize>(&self, path: &str) -> [u8; N] {
        self.bytes(path).try_into().unwrap()
    }

    /// Where the text is base64 instead.
    pub(crate) fn base64(&self, path: &str) -> Vec<u8> {
        data_encoding::BASE64
            .decode(self.text(path).as_bytes())
            .unwrap()
    }

    /// The entries of an object of hex strings; names may hold slashes.
    pub(crate) fn items(&self, path: &str) -> Vec<(String, Vec<u8>)> {
        let items = self.value(path).as_object().unwrap();
        items
            .iter()
            .map(|(name, v)| (name.clone(), hex(v.as_str().unwrap())))
            .collect()
    }
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// A public key of the fixed test keys.
pub(crate) fn spki(name: &str) -> crate::wire::PublicKey {
    let der = vector("keys.spki").bytes(&format!("keys/{name}/spki"));
    crate::wire::PublicKey::from_spki(&der).unwrap()
}
