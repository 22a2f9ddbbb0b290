//! The contracts: JSON Schemas, the AsyncAPI document and the page about events, made from the types
//! of what is read and written and from the table of settings.
//!
//! ```text
//! types of wire ──┐
//! table of config ┼─► make ─► schemas/*.json
//! contract ───────┘    ├────► schemas/asyncapi.yaml
//!                      └────► docs/EVENTS.md
//! ```
//!
//! The files in the repository are copies, and tests hold them to what is printed. A second set below
//! `tests/schemas_released` is what was promised when a version came out: a change that breaks who
//! reads or writes by it is refused until [`VERSION`] is another.

mod asyncapi;
pub mod contract;
mod make;
mod page;

pub use contract::{CONTRACTS, Channel, Contract, Side};
pub use make::schema;
pub use page::docs;

/// The version of the contracts. One more means that something which worked may not any longer.
pub const VERSION: u32 = 1;

/// Where the ids of the schemas begin. An id is a name and no address: nothing is fetched from there,
/// and as `.invalid` is reserved for names that lead nowhere, nobody else can ever serve it.
pub const HOME: &str = "https://lookout.invalid/schemas/";

/// A file that is printed.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// What `lookout schema` knows it by.
    pub name: &'static str,
    /// What its name in `schemas` ends with.
    pub kind: &'static str,
    /// What it is.
    pub title: &'static str,
}

/// Those that are no JSON Schema.
const OTHERS: [File; 2] = [
    File { name: "openapi", kind: "json", title: "The HTTP API, as OpenAPI 3.1" },
    File { name: "asyncapi", kind: "yaml", title: "Every topic and message, as AsyncAPI 3.0" },
];

/// Every file.
pub fn files() -> impl Iterator<Item = File> {
    let file =
        |contract: &Contract| File { name: contract.name, kind: "json", title: contract.title };
    CONTRACTS.iter().map(file).chain(OTHERS)
}

/// The text of a file; `None` if there is none of that name.
pub fn print(name: &str) -> Option<String> {
    let json = match name {
        // What cannot be written is no document: the keys are texts, the numbers are finite.
        "asyncapi" => return serde_saphyr::to_string(&asyncapi::document()).ok(),
        "openapi" => crate::http::openapi(),
        name => schema(contract::contract(name)?),
    };
    Some(format!("{json:#}\n"))
}
