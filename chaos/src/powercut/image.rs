//! Carries a folder of the real file system into the disk, and back: regular files and directories.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use super::content::Content;
use super::disk::{Disk, DiskError, Kind, Node, ROOT};
use super::tree::Ino;

/// A disk that holds, durably, what `folder` holds.
pub fn import(folder: &Path) -> io::Result<Disk> {
    let mut disk = Disk::default();
    import_into(&mut disk, ROOT, folder)?;
    disk.sync_all();
    Ok(disk)
}

/// Makes `folder` hold what the disk holds, and nothing else.
pub fn export(disk: &Disk, folder: &Path) -> io::Result<()> {
    for old in fs::read_dir(folder)? {
        let old = old?;
        if old.file_type()?.is_dir() {
            fs::remove_dir_all(old.path())?;
        } else {
            fs::remove_file(old.path())?;
        }
    }
    export_from(disk, ROOT, folder)
}

fn import_into(disk: &mut Disk, dir: Ino, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let kind = if metadata.is_dir() {
            Kind::Directory
        } else {
            Kind::File(Content::already_durable(&fs::read(entry.path())?))
        };
        let mode = (metadata.permissions().mode() & 0o7777) as u16;
        let node = Node::new(kind, mode, metadata.modified()?);
        let ino = disk.create(dir, &entry.file_name(), node).map_err(io::Error::other)?;
        if metadata.is_dir() {
            import_into(disk, ino, &entry.path())?;
        }
    }
    Ok(())
}

fn export_from(disk: &Disk, dir: Ino, folder: &Path) -> io::Result<()> {
    for (name, ino) in disk.list(dir).map_err(io::Error::other)? {
        let path = folder.join(name);
        let node = disk.node(ino).map_err(io::Error::other)?;
        match node.content() {
            Ok(content) => export_file(content, &path)?,
            Err(DiskError::IsADirectory) => {
                fs::create_dir(&path)?;
                export_from(disk, ino, &path)?;
            }
            Err(refusal) => return Err(io::Error::other(refusal)),
        }
        fs::set_permissions(&path, Permissions::from_mode(node.mode.into()))?;
    }
    Ok(())
}

fn export_file(content: &Content, path: &Path) -> io::Result<()> {
    let file = File::create_new(path)?;
    file.set_len(content.len())?;
    content.extents().try_for_each(|(offset, bytes)| file.write_all_at(bytes, offset))
}
