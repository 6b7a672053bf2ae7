//! The power-cut disk under the kernel: what the pure tests cannot see.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use chaos::powercut::{Mounted, Survivors, mount};
use tempfile::TempDir;

/// The folders of one test: the backing one outlives the mount in the other.
struct Bench {
    backing: TempDir,
    mountpoint: TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { backing: TempDir::new().unwrap(), mountpoint: TempDir::new().unwrap() }
    }

    fn mount(&self) -> Mounted {
        mount(self.backing.path(), self.mountpoint.path(), 7).unwrap()
    }
}

fn sync_directory(path: &Path) {
    File::open(path).unwrap().sync_all().unwrap();
}

#[test]
fn a_cut_takes_what_no_fsync_covers() {
    if !chaos::can_mount() {
        return;
    }
    let bench = Bench::new();
    let mut disk = bench.mount();
    let at = |name: &str| disk.path().join(name);

    let kept = File::create(at("kept")).unwrap();
    kept.write_all_at(b"synced", 0).unwrap();
    kept.sync_data().unwrap();
    sync_directory(disk.path());
    kept.write_all_at(b"lost", 0).unwrap();
    fs::write(at("nameless"), b"x").unwrap();
    File::open(at("nameless")).unwrap().sync_all().unwrap();
    assert_eq!(fs::read(at("kept")).unwrap(), b"losted");
    drop(kept);

    disk.cut(Survivors::None).unwrap();
    assert_eq!(fs::read(disk.path().join("kept")).unwrap(), b"synced");
    assert!(!disk.path().join("nameless").exists());
}

#[test]
fn a_disk_without_power_fails_every_request() {
    if !chaos::can_mount() {
        return;
    }
    let bench = Bench::new();
    let mut disk = bench.mount();
    let mut file = File::create(disk.path().join("file")).unwrap();
    sync_directory(disk.path());
    disk.power_off();
    assert!(file.write_all(b"late").is_err());
    assert!(file.sync_all().is_err());
    drop(file);
    disk.cut(Survivors::Some).unwrap();
    assert_eq!(fs::read(disk.path().join("file")).unwrap(), b"");
}

#[test]
fn an_open_file_holds_off_the_cut() {
    if !chaos::can_mount() {
        return;
    }
    let bench = Bench::new();
    let mut disk = bench.mount();
    let file = File::create(disk.path().join("file")).unwrap();
    let refusal = disk.cut(Survivors::None).unwrap_err();
    assert!(refusal.to_string().contains("end every process"));
    drop(file);
}

#[test]
fn who_looks_in_passing_does_not_hold_off_the_cut() {
    if !chaos::can_mount() {
        return;
    }
    let bench = Bench::new();
    let mut disk = bench.mount();
    let folder = File::open(disk.path()).unwrap();
    let looking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(folder);
    });
    disk.cut(Survivors::None).unwrap();
    looking.join().unwrap();
}

#[test]
fn it_behaves_as_a_file_system() {
    if !chaos::can_mount() {
        return;
    }
    let bench = Bench::new();
    fs::write(bench.backing.path().join("before"), b"imported").unwrap();
    let disk = bench.mount();
    let root = disk.path().to_owned();
    let at = |name: &str| root.join(name);

    assert_eq!(fs::read(at("before")).unwrap(), b"imported");
    fs::create_dir_all(at("dir/sub")).unwrap();
    fs::write(at("dir/sub/file"), vec![5; 300_000]).unwrap();
    assert!(fs::remove_dir(at("dir")).is_err());
    fs::hard_link(at("before"), at("linked")).unwrap();
    assert!(fs::hard_link(at("before"), at("dir/sub/file")).is_err());
    fs::remove_file(at("before")).unwrap();
    fs::rename(at("linked"), at("before")).unwrap();
    fs::rename(at("dir/sub/file"), at("moved")).unwrap();
    fs::remove_dir(at("dir/sub")).unwrap();
    assert_eq!(fs::read(at("moved")).unwrap(), vec![5; 300_000]);

    let mut file = OpenOptions::new().append(true).read(true).open(at("moved")).unwrap();
    file.write_all(b"end").unwrap();
    file.seek(SeekFrom::End(-4)).unwrap();
    let mut tail = String::new();
    file.read_to_string(&mut tail).unwrap();
    assert_eq!(tail, "\u{5}end");

    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 1 << 20).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    file.set_len(10).unwrap();
    file.try_lock().unwrap();
    assert!(File::open(at("moved")).unwrap().try_lock().is_err());
    fs::remove_file(at("moved")).unwrap();
    let mut unlinked = [0; 10];
    file.read_exact_at(&mut unlinked, 0).unwrap();
    assert_eq!(unlinked, [5; 10]);
    drop(file);

    fs::set_permissions(at("before"), fs::Permissions::from_mode(0o600)).unwrap();
    let names: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["before", "dir"]);

    disk.unmount().unwrap();
    let left = bench.backing.path().join("before");
    assert_eq!(left.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(bench.backing.path().join("dir").is_dir());
}

/// The store that the hub uses: what it persisted is there after every cut, torn or not.
#[test]
fn a_key_value_store_survives_cuts() {
    if !chaos::can_mount() {
        return;
    }
    let bench = Bench::new();
    let mut disk = bench.mount();
    let path = disk.path().join("store");
    let mut persisted = 0_u32;
    for round in 0..6 {
        let db = fjall::Database::builder(&path).open().unwrap();
        let keys = db.keyspace("keys", fjall::KeyspaceCreateOptions::default).unwrap();
        // The store leaves two fsyncs to its user: of the folder that names it, and of the one that names its keyspaces.
        sync_directory(disk.path());
        sync_directory(&path.join("keyspaces"));
        for key in 0..persisted {
            let found = keys.get(key.to_be_bytes()).unwrap();
            assert!(found.is_some(), "key {key} of {persisted} is lost");
        }
        for _ in 0..200 {
            keys.insert(persisted.to_be_bytes(), [round; 100]).unwrap();
            persisted += 1;
        }
        db.persist(fjall::PersistMode::SyncAll).unwrap();
        keys.insert("late", [round; 5000]).unwrap();
        disk.power_off();
        drop((keys, db));
        let survivors = [Survivors::None, Survivors::Some][usize::from(round % 2)];
        disk.cut(survivors).unwrap();
    }
}
