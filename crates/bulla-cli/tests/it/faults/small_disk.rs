//! A file system of a few megabytes, made for a test: ext4 in a file where that can be mounted, else memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use tempfile::TempDir;

/// What the file system gives out at a time.
pub(super) const BLOCK_BYTES: u64 = 4096;

/// A mounted file system; unmounted when dropped.
pub(super) struct SmallDisk {
    folder: TempDir,
    pub(super) kind: &'static str,
}

impl SmallDisk {
    /// Mounts one; says so when this machine does not allow it.
    pub(super) fn mount(megabytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        let kinds = [("ext4", ext4(folder.path(), megabytes)), ("tmpfs", tmpfs(folder.path(), megabytes))];
        for (kind, commands) in kinds {
            match commands.into_iter().try_for_each(run) {
                Ok(()) => return Some(Self { folder, kind }),
                Err(error) => println!("no small {kind} here: {error}"),
            }
        }
        println!("skipped: a small file system can be mounted only by root");
        None
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills the disk up to so many free blocks.
    pub(super) fn fill_up_to(&self, free_blocks: u64) {
        let filler = File::create(self.filler()).unwrap();
        let mut len = 0;
        for step in [256 * BLOCK_BYTES, BLOCK_BYTES] {
            // Blocks are taken at once, not when they are written back.
            while has_room(fallocate(&filler, FallocateFlags::empty(), len, step)) {
                len += step;
            }
        }
        filler.set_len(len.saturating_sub(free_blocks * BLOCK_BYTES)).unwrap();
        filler.sync_all().unwrap();
    }

    /// Makes space again.
    pub(super) fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
        File::open(self.path()).unwrap().sync_all().unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut command = Command::new("umount");
        command.arg(self.path());
        if let Err(error) = run(command) {
            println!("{error}");
        }
    }
}

fn has_room(taken: Result<(), Errno>) -> bool {
    match taken {
        Ok(()) => true,
        Err(Errno::NOSPC) => false,
        Err(error) => panic!("fill the disk: {error}"),
    }
}

fn ext4(folder: &Path, megabytes: u64) -> Vec<Command> {
    let (image, disk) = (folder.join("image"), folder.join("disk"));
    let mut size = Command::new("truncate");
    size.arg("-s").arg(format!("{megabytes}M")).arg(&image);
    let mut make = Command::new("mkfs.ext4");
    make.args(["-q", "-F", "-b", "4096", "-m", "0"]).arg(&image);
    let mut mount = Command::new("mount");
    mount.args(["-o", "loop"]).arg(&image).arg(&disk);
    vec![size, make, mount]
}

fn tmpfs(folder: &Path, megabytes: u64) -> Vec<Command> {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(folder.join("disk"));
    vec![mount]
}

fn run(mut command: Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    let ran = command.output().map_err(|error| format!("{name}: {error}"))?;
    if ran.status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&ran.stderr).trim()))
    }
}
