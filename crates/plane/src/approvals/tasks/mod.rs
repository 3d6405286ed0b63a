//! Background tasks of the area.

pub mod expire;
