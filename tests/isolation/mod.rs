//! Every operation there is, without a key, with a forged one, as a stranger and in every role.
//! A new operation needs what `world` lacks for it; an exception stands in `exceptions`, with its
//! reason.

mod credentials;
mod exceptions;
mod references;
mod roles;
mod strangers;
mod walk;
mod world;
