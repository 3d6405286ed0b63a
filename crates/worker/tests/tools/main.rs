//! Tools and their sandbox, with real child processes behind a real wall.

mod calls;
mod escapes;
mod files;
mod life;
mod limits;
mod place;
mod python;
mod shell;
mod wall;
