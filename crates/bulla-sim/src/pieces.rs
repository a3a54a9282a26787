//! The content of one file, twice: what is durable, and what the page cache shows. Between them lie the unsynced
//! pieces, of which a power failure keeps what it likes.

use fastrand::Rng;

use crate::image::Survival;

/// One unsynced change of a file's content.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Write { at: usize, bytes: Vec<u8> },
    Cut { len: usize },
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    /// What survives any power failure.
    durable: Vec<u8>,
    /// What reading gives.
    cached: Vec<u8>,
    /// What the next sync makes durable, in order.
    unsynced: Vec<Piece>,
    pub(crate) is_private: bool,
}

impl Content {
    pub(crate) fn empty(is_private: bool) -> Self {
        Self { is_private, ..Self::default() }
    }

    pub(crate) fn cached(&self) -> &[u8] {
        &self.cached
    }

    pub(crate) fn durable(&self) -> &[u8] {
        &self.durable
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.change(Piece::Write { at, bytes: bytes.to_vec() });
    }

    pub(crate) fn cut(&mut self, len: usize) {
        self.change(Piece::Cut { len });
    }

    fn change(&mut self, piece: Piece) {
        apply(&mut self.cached, &piece);
        self.unsynced.push(piece);
    }

    /// A sync that succeeds: the unsynced pieces are durable.
    pub(crate) fn sync(&mut self) {
        for piece in std::mem::take(&mut self.unsynced) {
            apply(&mut self.durable, &piece);
        }
    }

    /// A sync that fails (A2): some of it is durable, and the page cache forgets that the rest is not.
    pub(crate) fn fail_sync(&mut self, survival: Survival, rng: &mut Rng) {
        self.durable = self.survivor(survival, rng);
        self.unsynced.clear();
    }

    /// The content after a power failure.
    pub(crate) fn after_power_failure(&self, survival: Survival, rng: &mut Rng) -> Self {
        let durable = self.survivor(survival, rng);
        Self { cached: durable.clone(), durable, unsynced: Vec::new(), is_private: self.is_private }
    }

    /// Replaces everything at once, durably: a hand that is not the log's.
    pub(crate) fn overwrite(&mut self, bytes: &[u8]) {
        *self = Self { durable: bytes.to_vec(), cached: bytes.to_vec(), unsynced: Vec::new(), ..*self };
    }

    fn survivor(&self, survival: Survival, rng: &mut Rng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let total: usize = self.unsynced.iter().map(Piece::len).sum();
        match survival {
            Survival::Nothing => {}
            Survival::Everything => self.unsynced.iter().for_each(|piece| apply(&mut bytes, piece)),
            Survival::Beginning => {
                let mut left = rng.usize(0..=total);
                for piece in &self.unsynced {
                    let kept = piece.first(left);
                    left = left.saturating_sub(piece.len());
                    let is_whole = kept.len() == piece.len();
                    apply(&mut bytes, &kept);
                    if !is_whole {
                        break;
                    }
                }
            }
            Survival::Zeros => {
                let mut left = rng.usize(0..=total);
                for piece in &self.unsynced {
                    apply_zeros_after(&mut bytes, piece, left);
                    left = left.saturating_sub(piece.len());
                }
            }
            Survival::AnyPieces => {
                let mut chunks: Vec<Piece> =
                    self.unsynced.iter().flat_map(|piece| piece.chunks(rng)).collect();
                chunks.retain(|_| rng.bool());
                chunks.iter().for_each(|piece| apply(&mut bytes, piece));
            }
        }
        bytes
    }
}

impl Piece {
    /// Bytes that it writes; 1 for a cut, which happens or does not.
    fn len(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len(),
            Self::Cut { .. } => 1,
        }
    }

    /// Its first `len` bytes.
    fn first(&self, len: usize) -> Self {
        match self {
            Self::Write { at, bytes } => {
                Self::Write { at: *at, bytes: bytes[..len.min(bytes.len())].to_vec() }
            }
            Self::Cut { .. } if len == 0 => Self::Write { at: 0, bytes: Vec::new() },
            Self::Cut { len } => Self::Cut { len: *len },
        }
    }

    /// Itself in parts of any size: a disk writes its blocks in any order.
    fn chunks(&self, rng: &mut Rng) -> Vec<Self> {
        let Self::Write { at, bytes } = self else { return vec![self.clone()] };
        let mut chunks = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let len = rng.usize(1..=(bytes.len() - start).clamp(1, CHUNK_BYTES_MAX));
            chunks.push(Self::Write { at: at + start, bytes: bytes[start..start + len].to_vec() });
            start += len;
        }
        chunks
    }
}

/// 512: a sector. Smaller parts survive too, which is harsher than any disk.
const CHUNK_BYTES_MAX: usize = 512;

fn apply(bytes: &mut Vec<u8>, piece: &Piece) {
    match piece {
        Piece::Write { bytes: new, .. } if new.is_empty() => {}
        Piece::Write { at, bytes: new } => {
            let end = at + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(new);
        }
        Piece::Cut { len } => bytes.truncate(*len),
    }
}

/// The length of the whole piece, the bytes of its beginning: a file system that grows the file first.
fn apply_zeros_after(bytes: &mut Vec<u8>, piece: &Piece, kept: usize) {
    if let Piece::Write { at, bytes: new } = piece {
        bytes.resize(bytes.len().max(at + new.len()), 0);
    }
    if kept > 0 {
        apply(bytes, &piece.first(kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsynced() -> Content {
        let mut content = Content::empty(false);
        content.write(0, b"durable ");
        content.sync();
        content.write(8, b"first ");
        content.write(14, b"second");
        content
    }

    #[test]
    fn a_power_failure_keeps_what_is_durable_and_any_of_the_rest() {
        for seed in 0..200 {
            for survival in Survival::ALL {
                let mut rng = Rng::with_seed(seed);
                let after = unsynced().after_power_failure(survival, &mut rng);
                let bytes = after.cached();
                assert!(bytes.starts_with(b"durable "), "{survival:?}");
                let whole = b"durable first second";
                let is_piece = |(at, byte): (usize, &u8)| *byte == whole[at] || *byte == 0;
                assert!(bytes.iter().enumerate().all(is_piece), "{survival:?}: {bytes:?}");
                match survival {
                    Survival::Nothing => assert_eq!(bytes, b"durable "),
                    Survival::Everything => assert_eq!(bytes, whole),
                    Survival::Beginning => assert!(whole.starts_with(bytes)),
                    Survival::Zeros => assert_eq!(bytes.len(), whole.len()),
                    Survival::AnyPieces => {}
                }
            }
        }
    }

    #[test]
    fn after_a_failed_sync_only_writing_again_makes_durable() {
        let mut rng = Rng::with_seed(1);
        let mut content = unsynced();
        content.fail_sync(Survival::Nothing, &mut rng);
        content.sync();
        assert_eq!(content.cached(), b"durable first second", "the page cache shows what is not on disk");
        assert_eq!(content.durable(), b"durable ");
        content.write(14, b"second");
        content.sync();
        assert_eq!(content.durable(), b"durable \0\0\0\0\0\0second");
    }
}
