//! What the disk can do at this moment, and how much of it is used. Disks drift.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::statistics::Series;

const SYNCS: usize = 200;

/// Milliseconds that `fdatasync` takes after an append of 4 KiB; the median.
pub fn sync_ms(folder: &Path) -> Result<f64> {
    let path = folder.join("disk-probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(Series::of_milliseconds(&times).median())
}

/// Bytes of all files below a folder.
pub fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in folder.read_dir()? {
        let entry = entry?;
        let kind = entry.metadata()?;
        bytes += if kind.is_dir() { size(&entry.path())? } else { kind.len() };
    }
    Ok(bytes)
}
