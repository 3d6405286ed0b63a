//! `drover org`.

pub mod create;
