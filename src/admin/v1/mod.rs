//! The API: what an operator and his programs may see and do, as JSON, one file a resource.
//!
//! * `paths`: where each resource is; `openapi.json` describes them;
//! * `accounts`: ESMEs that may bind; `sessions`: those that are bound;
//! * `carriers`: binds that we keep up;
//! * `messages`: what has happened to a message;
//! * `dead_letters`: what found nobody;
//! * `wait`: until flow has an answer.

mod accounts;
mod sessions;
mod carriers;
mod messages;
mod dead_letters;
mod wait;
mod paths;

pub use paths::router;
