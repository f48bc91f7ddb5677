//! Executes GitHub calls under a pass.
