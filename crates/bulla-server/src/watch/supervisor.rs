//! Tells systemd how far the process is, when systemd asked for it (`Type=notify`): one datagram to the socket that
//! `NOTIFY_SOCKET` names. See sd_notify(3).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;

/// How far the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It listens, and its log is open.
    Ready,
    /// It lets requests end and closes its log.
    Stopping,
}

impl Stage {
    fn message(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1",
            Self::Stopping => b"STOPPING=1",
        }
    }
}

/// Tells whoever supervises this process; does nothing when nobody asked for it.
///
/// # Errors
/// When the socket does not take it.
pub fn tell(stage: Stage) -> io::Result<()> {
    match std::env::var_os("NOTIFY_SOCKET") {
        Some(socket) if !socket.is_empty() => tell_on(&socket, stage),
        _ => Ok(()),
    }
}

fn tell_on(socket: &OsStr, stage: Stage) -> io::Result<()> {
    let datagram = UnixDatagram::unbound()?;
    let sent = match socket.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            datagram.send_to_addr(stage.message(), &address)?
        }
        _ => datagram.send_to(stage.message(), socket)?,
    };
    debug_assert_eq!(sent, stage.message().len(), "a datagram is sent whole");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supervisor_hears_each_stage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let supervisor = UnixDatagram::bind(&path).unwrap();
        for (stage, expected) in [(Stage::Ready, &b"READY=1"[..]), (Stage::Stopping, b"STOPPING=1")] {
            tell_on(path.as_os_str(), stage).unwrap();
            let mut heard = [0; 64];
            let length = supervisor.recv(&mut heard).unwrap();
            assert_eq!(&heard[..length], expected);
        }
        assert!(tell_on(OsStr::new("/nowhere/notify"), Stage::Ready).is_err());
    }
}
