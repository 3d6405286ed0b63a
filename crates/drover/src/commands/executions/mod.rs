//! `drover execution`.

pub mod cancel;
pub mod get;
pub mod list;
pub mod logs;

mod show;
