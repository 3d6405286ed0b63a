//! Who may come in: the forms of the header, keys, what they tell.

mod headers;
mod keys;
mod validate;
