//! Work that can be told to SQLite in one go.
//!
//! Every statement sent to SQLite is a trip to its thread and back, and for small statements the
//! trip costs more than the work. A unit whose statements need nothing from each other but what
//! SQL itself can say gives them as a [`Script`]; the writer then puts the scripts of many units,
//! with BEGIN and COMMIT around them, into one text (see [`crate::express`]).

use sea_orm::DbErr;
use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::sqlite::SqliteArguments;
use sea_orm::sqlx::{Arguments, Error};

use crate::error::connect_error;

/// Statements in SQLite's dialect, each ended by `;`, and their values.
///
/// - Values stand as `?`, in the order of [`Script::values`].
/// - Each row they return begins with the tag the unit was given: so it finds its rows again.
/// - With NULL for every value they change nothing and return nothing: a text is filled up with
///   such copies, so that few different texts have to be prepared.
#[derive(Clone, Debug)]
pub struct Script {
    /// The statements. Units whose statements are the same text go together.
    pub sql: &'static str,
    /// What stands for each `?`.
    pub values: Vec<Bind>,
}

/// A value in a script.
#[derive(Clone, Debug)]
pub enum Bind {
    /// A number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Bind {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&[u8]> for Bind {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl Bind {
    pub(crate) fn add_to(self, arguments: &mut SqliteArguments) -> Result<(), DbErr> {
        let added = match self {
            Self::Int(number) => Arguments::add(arguments, number),
            Self::Bytes(bytes) => Arguments::add(arguments, bytes),
        };
        added.map_err(not_encoded)
    }
}

pub(crate) fn add_null(arguments: &mut SqliteArguments) -> Result<(), DbErr> {
    Arguments::add(arguments, None::<i64>).map_err(not_encoded)
}

fn not_encoded(error: BoxDynError) -> DbErr {
    connect_error(Error::Encode(error))
}
