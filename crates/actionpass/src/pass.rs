//! pass
mod id;
pub use id::PassId;
