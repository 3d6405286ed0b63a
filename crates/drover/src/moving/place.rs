//! The database of a plane that does not run: taken as the plane would take it, so that none starts
//! meanwhile.

use drover_domain::Error;
use drover_plane::SigningKey;
use drover_store::DirectoryLock;
use drover_store::moving::Exclusive;

use crate::config::Config;
use crate::data_directory::DataDirectory;
use crate::exit::CommandError;

/// What is wanted of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// What is there; nothing is made.
    Read,
    /// A place for rows, made where it is not there yet.
    Write,
}

impl Access {
    /// Opens the database that is configured.
    pub async fn open(self, config: &Config) -> Result<Exclusive, CommandError> {
        let opened = match &config.database_url {
            Some(url) => Exclusive::connect(url.reveal()).await,
            None => {
                let directory = self.directory(config)?;
                let locked = DirectoryLock::take(directory.path());
                match locked {
                    Ok(lock) => Exclusive::open_directory(directory.path(), lock).await,
                    Err(error) => Err(error),
                }
            }
        };
        opened.map_err(|error| match error {
            Error::Conflict(message) => CommandError::failed(format!(
                "{message}; stop the plane first, nothing may run on it meanwhile"
            )),
            error => error.into(),
        })
    }

    fn directory(self, config: &Config) -> Result<DataDirectory, CommandError> {
        if self == Self::Write {
            return DataDirectory::make(&config.data_dir);
        }
        let directory = DataDirectory::at(&config.data_dir);
        if directory.has_database() {
            return Ok(directory);
        }
        Err(CommandError::failed(format!(
            "there is no database in `{}`; name the plane's data directory with `--data-dir`, or its \
             database with `--database-url`",
            directory.path().display()
        )))
    }
}

/// The key that signed the API keys of the plane that is configured.
pub fn signing_key(config: &Config) -> Result<SigningKey, CommandError> {
    let directory = DataDirectory::at(&config.data_dir);
    directory.kept_signing_key()?.ok_or_else(|| {
        CommandError::failed(format!(
            "there is no `signing.key` in `{}`; name the plane's data directory with `--data-dir`, \
             its API keys would be worth nothing elsewhere",
            directory.path().display()
        ))
    })
}
