//! The files of a data directory that are not the database: keys, tokens, and what client commands
//! on this machine need to find the plane. All of them are readable by their owner alone.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use drover_domain::{Ids, Secret};
use drover_plane::SigningKey;
use drover_store::{DATABASE_FILE, LOCK_FILE};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exit::CommandError;

const SIGNING_KEY: &str = "signing.key";
const ADMIN_TOKEN: &str = "admin.token";
const CREDENTIALS: &str = "credentials";
const PLANE: &str = "plane.json";

/// A data directory.
#[derive(Debug, Clone)]
pub struct DataDirectory(PathBuf);

/// What `drover dev --json` prints, and client commands read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    /// Where the plane is.
    pub url: String,
    /// A key of the seeded organization's owner.
    pub api_key: String,
    /// The seeded organization.
    pub organization_id: String,
    /// Its environment.
    pub environment_id: String,
    /// Its queue.
    pub worker_queue_id: String,
    /// Its agent.
    #[serde(default)]
    pub agent_id: String,
    /// Its job.
    #[serde(default)]
    pub job_id: String,
}

/// Where the plane that runs on this directory is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunningPlane {
    /// For this machine.
    pub url: String,
    /// For everybody else.
    pub public_url: String,
    /// Its process.
    pub pid: u32,
}

impl DataDirectory {
    /// The directory at a path, whether it is there or not.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes it if it is not there, and lets nobody else in.
    pub fn make(path: &Path) -> Result<Self, CommandError> {
        let cannot = |error: io::Error| {
            let message =
                format!("the data directory `{}` cannot be used: {error}", path.display());
            CommandError::failed(message).hint("choose another one with `--data-dir`")
        };
        if is_somebody_elses(path).map_err(cannot)? {
            let message =
                format!("`{}` holds other files and is no data directory", path.display());
            return Err(CommandError::failed(message).hint("name a new or an empty folder"));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(cannot)?;
        let path = fs::canonicalize(path).map_err(cannot)?;
        fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(cannot)?;
        Ok(Self(path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The key that signs API keys, made at the first start.
    pub fn signing_key(&self, ids: &dyn Ids) -> Result<SigningKey, CommandError> {
        self.grown(&self.secret(SIGNING_KEY, ids)?)
    }

    /// The key that signs API keys, if it was ever made.
    pub fn kept_signing_key(&self) -> Result<Option<SigningKey>, CommandError> {
        let text = self.read(SIGNING_KEY)?.map(|text| Secret::new(text.trim().to_owned()));
        text.map(|text| self.grown(&text)).transpose()
    }

    /// Whether an SQLite database is in it.
    pub fn has_database(&self) -> bool {
        self.0.join(DATABASE_FILE).exists()
    }

    fn grown(&self, text: &Secret<String>) -> Result<SigningKey, CommandError> {
        let damaged = || {
            let path = self.0.join(SIGNING_KEY);
            CommandError::failed(format!("`{}` does not hold a key", path.display()))
                .hint("restore it from a backup; without it all API keys become void")
        };
        let seed = from_hex(text.reveal()).ok_or_else(damaged)?;
        Ok(SigningKey::from_seed(&Secret::new(seed)))
    }

    /// The operator's token, made at the first start.
    pub fn make_admin_token(&self, ids: &dyn Ids) -> Result<Secret<String>, CommandError> {
        self.secret(ADMIN_TOKEN, ids)
    }

    /// The operator's token, if a plane was ever started here.
    pub fn admin_token(&self) -> Result<Option<Secret<String>>, CommandError> {
        self.read(ADMIN_TOKEN).map(|text| text.map(|text| Secret::new(text.trim().to_owned())))
    }

    /// The seeded organization's credentials.
    pub fn credentials(&self) -> Result<Option<Credentials>, CommandError> {
        self.read_json(CREDENTIALS)
    }

    /// Keeps them.
    pub fn keep_credentials(&self, credentials: &Credentials) -> Result<(), CommandError> {
        self.write(CREDENTIALS, &serde_json::to_string(credentials)?)
    }

    /// The plane that runs on it, or ran and ended without a farewell.
    pub fn running(&self) -> Result<Option<RunningPlane>, CommandError> {
        self.read_json(PLANE)
    }

    /// Says where the plane is.
    pub fn announce(&self, plane: &RunningPlane) -> Result<(), CommandError> {
        self.write(PLANE, &serde_json::to_string(plane)?)
    }

    /// The plane is gone.
    pub fn withdraw(&self) {
        // A stale file only costs the next command a connection that is refused.
        let _stale = fs::remove_file(self.0.join(PLANE));
    }

    /// 32 random bytes in hex, made where they are not there yet.
    fn secret(&self, name: &str, ids: &dyn Ids) -> Result<Secret<String>, CommandError> {
        if let Some(text) = self.read(name)? {
            return Ok(Secret::new(text.trim().to_owned()));
        }
        let text = ids.secret_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.write(name, &text)?;
        Ok(Secret::new(text))
    }

    fn read(&self, name: &str) -> Result<Option<String>, CommandError> {
        let path = self.0.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(CommandError::failed(format!("`{}` cannot be read: {error}", path.display())))
            }
        }
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CommandError> {
        let Some(text) = self.read(name)? else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            let path = self.0.join(name);
            CommandError::failed(format!("`{}` is damaged: {error}", path.display()))
                .hint("remove it; the next start writes it again")
        })
    }

    /// Writes a file whole or not at all, also if the machine stops in the middle.
    fn write(&self, name: &str, text: &str) -> Result<(), CommandError> {
        let path = self.0.join(name);
        let written = self.replace(&path, text);
        written.map_err(|error| {
            CommandError::failed(format!("`{}` cannot be written: {error}", path.display()))
        })
    }

    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let fresh = path.with_extension("new");
        // A left-over of a crash may have other permissions.
        let _absent = fs::remove_file(&fresh);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        fs::File::open(&self.0)?.sync_all()
    }
}

/// Whether there are files, and none that says that a plane made them.
fn is_somebody_elses(path: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut is_empty = true;
    for entry in entries {
        let name = entry?.file_name();
        if name == LOCK_FILE {
            return Ok(false);
        }
        // What a fresh file system has.
        is_empty &= name == "lost+found";
    }
    Ok(!is_empty)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemIds;

    #[test]
    fn keys_are_made_once_and_are_their_owners() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::make(&folder.path().join("a/b")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(directory.path()), 0o700);
        let first = directory.make_admin_token(&SystemIds).unwrap();
        assert_eq!(first.reveal().len(), 64);
        assert!(directory.make_admin_token(&SystemIds).unwrap() == first);
        assert_eq!(mode(&directory.path().join(ADMIN_TOKEN)), 0o600);
        assert!(directory.signing_key(&SystemIds).is_ok());
        fs::write(directory.path().join(SIGNING_KEY), "x").unwrap();
        assert!(directory.signing_key(&SystemIds).is_err());
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "").unwrap();
        assert!(DataDirectory::make(folder.path()).is_err());
        fs::write(folder.path().join(LOCK_FILE), "").unwrap();
        assert!(DataDirectory::make(folder.path()).is_ok());
    }

    #[test]
    fn credentials_come_back_as_they_were_kept() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::make(folder.path()).unwrap();
        assert_eq!(directory.credentials().unwrap(), None);
        let credentials = Credentials {
            url: "http://x".into(),
            api_key: "k".into(),
            organization_id: "o".into(),
            environment_id: "e".into(),
            worker_queue_id: "q".into(),
            agent_id: "a".into(),
            job_id: "j".into(),
        };
        directory.keep_credentials(&credentials).unwrap();
        assert_eq!(directory.credentials().unwrap(), Some(credentials));
    }
}
