//! A folder that no path leads out of.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, ftruncate, mkdirat, openat,
    openat2, unlinkat,
};
use rustix::io::Errno;

use super::super::answer::Stop;

/// Tries of one open. The kernel gives up where a rename during the walk might lead outside.
const TRIES: usize = 16;

/// An open folder; paths are resolved beneath it by the kernel.
pub(in crate::tools) struct Folder {
    root: OwnedFd,
    resolve: ResolveFlags,
}

/// An entry of a folder.
pub(super) struct Entry {
    /// Relative to the folder.
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
}

/// A path as a model writes it: relative, and without `..`.
pub(super) fn relative(text: &str) -> Result<PathBuf, Stop> {
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(outside(text));
            }
        }
    }
    if text.contains('\0') {
        return Err(outside(text));
    }
    Ok(if path.as_os_str().is_empty() { PathBuf::from(".") } else { path })
}

impl Folder {
    /// Opens the folder at a path of ours.
    pub(in crate::tools) fn open(path: &Path) -> Result<Self, Stop> {
        let root =
            openat(CWD, path, OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let root = root.map_err(|error| explain("open the workspace", Path::new("."), error))?;
        Ok(Self { root, resolve: ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS })
    }

    /// The folder that a configuration names, made if it is not there, with its path in this one.
    /// An absolute path starts at the workspace, which calls itself `/workspace`.
    pub(in crate::tools) fn base(&self, configured: &str) -> Result<(PathBuf, Self), Stop> {
        let inner = configured.trim_start_matches('/');
        let own = configured.starts_with('/').then(|| inner.strip_prefix("workspace")).flatten();
        let inner = match own {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
            _ => inner,
        };
        let path = relative(inner)?;
        self.make_folders(&path)?;
        let root = self.open_at(&path, OFlags::DIRECTORY | OFlags::PATH, Mode::empty())?;
        Ok((path, Self { root, resolve: self.resolve }))
    }

    /// The same folder, in which no link is followed at all.
    pub(super) fn without_links(self) -> Self {
        Self { resolve: self.resolve | ResolveFlags::NO_SYMLINKS, ..self }
    }

    /// A regular file's bytes, if they are no more than `most`.
    pub(super) fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, Stop> {
        let file = self.open_regular(path, OFlags::RDONLY)?;
        let mut bytes = Vec::new();
        let read = file.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| {
            Stop::refused(format!("`{}` cannot be read: {error}.", path.display()))
        })?;
        if bytes.len() as u64 > most {
            return Err(Stop::refused(format!(
                "`{}` is larger than {most} bytes.",
                path.display()
            )));
        }
        Ok(bytes)
    }

    /// Writes a file whole, with the folders on the way.
    pub(in crate::tools) fn write(
        &self,
        path: &Path,
        text: &str,
        overwrite: bool,
    ) -> Result<(), Stop> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.make_folders(parent)?;
        }
        let new = if overwrite { OFlags::empty() } else { OFlags::EXCL };
        // Not truncated while opening: only a regular file is to be.
        let mut file = self.open_regular(path, OFlags::WRONLY | OFlags::CREATE | new)?;
        let written = ftruncate(&file, 0).map_err(std::io::Error::from);
        let written = written.and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(|error| {
            Stop::refused(format!("`{}` cannot be written: {error}.", path.display()))
        })
    }

    /// Removes a file, or a link itself.
    pub(super) fn remove(&self, path: &Path) -> Result<(), Stop> {
        let (parent, name) = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => (parent, name),
            _ => return Err(Stop::refused("The name of a file is expected.")),
        };
        let parent =
            self.open_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
        // One component in an open folder: nothing to follow.
        unlinkat(&parent, name, AtFlags::empty()).map_err(|error| explain("deleted", path, error))
    }

    /// The entries of a folder, sorted.
    pub(super) fn list(&self, path: &Path) -> Result<Vec<Entry>, Stop> {
        let folder = self.open_folder(path)?;
        let listed = Dir::read_from(&folder).map_err(|error| explain("listed", path, error))?;
        let mut entries = Vec::new();
        for entry in listed {
            let entry = entry.map_err(|error| explain("listed", path, error))?;
            // A name that is no text cannot be said in JSON, nor be asked for.
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let path = if path == Path::new(".") { PathBuf::from(name) } else { path.join(name) };
            entries.push(Entry { path, is_folder: entry.file_type() == FileType::Directory });
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }

    fn open_folder(&self, path: &Path) -> Result<OwnedFd, Stop> {
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
    }

    fn open_regular(&self, path: &Path, flags: OFlags) -> Result<File, Stop> {
        // Without `NONBLOCK` a pipe would keep us waiting for its other end.
        // The kernel takes a mode only where a file may be made.
        let new = flags.contains(OFlags::CREATE);
        let mode = if new { Mode::RUSR | Mode::WUSR } else { Mode::empty() };
        let file = self.open_at(path, flags | OFlags::NONBLOCK | OFlags::NOCTTY, mode)?;
        let kind = fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode));
        match kind.map_err(|error| explain("opened", path, error))? {
            FileType::RegularFile => Ok(File::from(file)),
            _ => Err(Stop::refused(format!("`{}` is not a regular file.", path.display()))),
        }
    }

    fn open_at(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Stop> {
        let mut last = Errno::AGAIN;
        for _ in 0..TRIES {
            match openat2(&self.root, path, flags | OFlags::CLOEXEC, mode, self.resolve) {
                Ok(opened) => return Ok(opened),
                Err(error @ (Errno::AGAIN | Errno::INTR)) => last = error,
                Err(error) => return Err(explain("opened", path, error)),
            }
        }
        Err(explain("opened", path, last))
    }

    fn make_folders(&self, path: &Path) -> Result<(), Stop> {
        let mut parent = PathBuf::from(".");
        for name in path.components() {
            let folder = self.open_folder(&parent)?;
            // One component in an open folder: nothing to follow.
            match mkdirat(&folder, name.as_os_str(), Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => parent.push(name),
                Err(error) => return Err(explain("made", path, error)),
            }
        }
        Ok(())
    }
}

fn outside(path: &str) -> Stop {
    Stop::refused(format!(
        "`{}` leads outside. Use a path relative to the base directory, without `..`.",
        path.escape_debug()
    ))
}

fn explain(attempted: &str, path: &Path, error: Errno) -> Stop {
    let why = match error {
        Errno::XDEV => return outside(&path.display().to_string()),
        Errno::LOOP => "it is a link, or there is one on the way, and links are not followed here",
        Errno::NOENT => "it does not exist",
        Errno::EXIST => "it is already there",
        Errno::ISDIR => "it is a folder",
        Errno::NOTDIR => "it is not a folder, or something on the way to it is not",
        Errno::NXIO => "it is not a regular file",
        Errno::ACCESS | Errno::PERM => "permission denied",
        Errno::NOSYS => {
            "this kernel cannot keep paths inside a folder (Linux 5.6 or newer is needed)"
        }
        other => {
            return Stop::refused(format!("`{}` cannot be {attempted}: {other}.", path.display()));
        }
    };
    Stop::refused(format!("`{}` cannot be {attempted}: {why}.", path.display()))
}
