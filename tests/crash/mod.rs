//! Planes that end in the middle of things: nothing that was acknowledged is lost or doubled.

mod accepted;
mod disk;
mod many;
mod owner;
mod second_call;
mod stopped;
mod streaming;
mod temporal;
mod waiting;
