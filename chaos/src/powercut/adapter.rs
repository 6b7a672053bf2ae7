//! The kernel's side of the power-cut disk: each FUSE request becomes one call of [`Disk`].
//!
//! The kernel may cache names and attributes for as long as it likes: nothing changes behind its back, because a
//! cut happens only while nothing is mounted.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    AccessFlags, BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use parking_lot::Mutex;

use super::content::{Content, SECTOR_BYTES};
use super::disk::{Change, Disk, DiskError, Kind, Node, ROOT};
use super::tree::Ino;

const CACHE_FOREVER: Duration = Duration::from_secs(86_400);
/// The room that `statvfs` reports: plenty, for this disk is not about being full.
const ROOM_BLOCKS: u64 = (16 << 30) / BLOCK_BYTES as u64;
const BLOCK_BYTES: u32 = 4096;

/// A disk that the kernel asks.
pub struct Adapter {
    disk: Arc<Mutex<Disk>>,
    uid: u32,
    gid: u32,
}

impl Adapter {
    /// Serves `disk`; every file belongs to the user of this process.
    pub fn new(disk: Arc<Mutex<Disk>>) -> Adapter {
        Adapter { disk, uid: rustix::process::getuid().as_raw(), gid: rustix::process::getgid().as_raw() }
    }

    fn attributes(&self, ino: Ino, node: &Node) -> FileAttr {
        let (kind, size) = match &node.kind {
            Kind::Directory => (FileType::Directory, 0),
            Kind::File(content) => (FileType::RegularFile, content.len()),
        };
        FileAttr {
            ino: INodeNo(ino),
            size,
            blocks: size.div_ceil(SECTOR_BYTES as u64),
            atime: node.modified,
            mtime: node.modified,
            ctime: node.modified,
            crtime: node.modified,
            kind,
            perm: node.mode,
            nlink: 1,
            uid: self.uid,
            gid: self.gid,
            rdev: 0,
            blksize: BLOCK_BYTES,
            flags: 0,
        }
    }

    fn attributes_of(&self, disk: &Disk, ino: Ino) -> Result<FileAttr, DiskError> {
        disk.node(ino).map(|node| self.attributes(ino, node))
    }

    fn make(&self, parent: INodeNo, name: &OsStr, kind: Kind, mode: u32) -> Result<FileAttr, DiskError> {
        let mut disk = self.disk.lock();
        let node = Node::new(kind, permissions(mode), SystemTime::now());
        let ino = disk.create(parent.0, name, node)?;
        self.attributes_of(&disk, ino)
    }
}

impl Filesystem for Adapter {
    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = self.disk.lock();
        let found = disk.lookup(parent.0, name);
        answer_entry(reply, found.and_then(|ino| self.attributes_of(&disk, ino)));
    }

    fn getattr(&self, _req: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        answer_attributes(reply, self.attributes_of(&self.disk.lock(), ino.0));
    }

    fn setattr(
        &self,
        _req: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Change {
            len: size,
            mode: mode.map(permissions),
            modified: mtime.map(|time| match time {
                TimeOrNow::SpecificTime(time) => time,
                TimeOrNow::Now => SystemTime::now(),
            }),
        };
        let mut disk = self.disk.lock();
        let changed = disk.change(ino.0, change);
        answer_attributes(reply, changed.map(|node| self.attributes(ino.0, node)));
    }

    fn mkdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        answer_entry(reply, self.make(parent, name, Kind::Directory, mode & !umask));
    }

    fn create(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let kind = Kind::File(Content::default());
        let made = self.make(parent, name, kind, mode & !umask);
        let opened = made.and_then(|attr| self.disk.lock().open(attr.ino.0).map(|()| attr));
        match opened {
            Ok(attr) => {
                reply.created(&CACHE_FOREVER, &attr, Generation(0), FileHandle(0), FopenFlags::empty())
            }
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn unlink(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(reply, self.disk.lock().unlink(parent.0, name));
    }

    fn rmdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(reply, self.disk.lock().remove_directory(parent.0, name));
    }

    fn rename(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut disk = self.disk.lock();
        let taken = disk.lookup(newparent.0, newname).is_ok();
        if flags.contains(RenameFlags::RENAME_NOREPLACE) && taken {
            return reply.error(Errno::EEXIST);
        }
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        answer(reply, disk.rename((parent.0, name), (newparent.0, newname)));
    }

    fn link(&self, _req: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        let mut disk = self.disk.lock();
        let linked = disk.link(ino.0, newparent.0, newname);
        answer_entry(reply, linked.and_then(|()| self.attributes_of(&disk, ino.0)));
    }

    fn open(&self, _req: &Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.disk.lock().open(ino.0) {
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn release(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.disk.lock().release(ino.0);
        reply.ok();
    }

    fn read(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.disk.lock().read(ino.0, offset, size as usize);
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn write(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.disk.lock().write(ino.0, offset, data, SystemTime::now());
        match written {
            Ok(()) => reply.written(data.len() as u32),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn fallocate(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        if mode & !libc::FALLOC_FL_KEEP_SIZE != 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        let mut disk = self.disk.lock();
        let end = offset + length;
        let grown = disk.node(ino.0).and_then(|node| Ok(node.content()?.len())).and_then(|len| {
            let grows = mode == 0 && end > len;
            let change = Change { len: grows.then_some(end), ..Change::default() };
            disk.change(ino.0, change).map(drop)
        });
        answer(reply, grown);
    }

    /// A close makes nothing durable.
    fn flush(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _lock_owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn fsync(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        answer(reply, self.disk.lock().sync_file(ino.0));
    }

    fn fsyncdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        answer(reply, self.disk.lock().sync_directory(ino.0));
    }

    fn readdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk.lock();
        let entries = match disk.list(ino.0) {
            Ok(entries) => entries,
            Err(refusal) => return reply.error(errno(refusal)),
        };
        // The kernel resolves ".." itself; the number beside it only has to be a valid one.
        let dots = [(".".into(), ino.0), ("..".into(), ROOT)];
        for (index, (name, ino)) in dots.into_iter().chain(entries).enumerate() {
            let kind = match disk.node(ino).map(|node| &node.kind) {
                Ok(Kind::File(_)) => FileType::RegularFile,
                _ => FileType::Directory,
            };
            let next = index as u64 + 1;
            if next > offset && reply.add(INodeNo(ino), next, kind, &name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _req: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        let (blocks, free) = (ROOM_BLOCKS, ROOM_BLOCKS / 2);
        reply.statfs(blocks, free, free, blocks, free, BLOCK_BYTES, 255, BLOCK_BYTES);
    }

    fn access(&self, _req: &Request, ino: INodeNo, _mask: AccessFlags, reply: ReplyEmpty) {
        answer(reply, self.disk.lock().node(ino.0).map(drop));
    }
}

fn permissions(mode: u32) -> u16 {
    (mode & 0o7777) as u16
}

fn answer(reply: ReplyEmpty, outcome: Result<(), DiskError>) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn answer_entry(reply: ReplyEntry, outcome: Result<FileAttr, DiskError>) {
    match outcome {
        Ok(attr) => reply.entry(&CACHE_FOREVER, &attr, Generation(0)),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn answer_attributes(reply: ReplyAttr, outcome: Result<FileAttr, DiskError>) {
    match outcome {
        Ok(attr) => reply.attr(&CACHE_FOREVER, &attr),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn errno(refusal: DiskError) -> Errno {
    match refusal {
        DiskError::NotFound => Errno::ENOENT,
        DiskError::Exists => Errno::EEXIST,
        DiskError::NotADirectory => Errno::ENOTDIR,
        DiskError::IsADirectory => Errno::EISDIR,
        DiskError::NotEmpty => Errno::ENOTEMPTY,
        DiskError::PowerOff => Errno::EIO,
    }
}
