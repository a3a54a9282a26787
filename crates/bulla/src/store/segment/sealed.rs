//! Sealed segments: independent zstd frames of 256 lines and a seek table, in the
//! [zstd seekable format](https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md),
//! so that `zstd -dc` reads them too.

use std::io;
use std::sync::Arc;

use crate::store::disk::{DiskFile, read_exact_at};

/// Magic number of the skippable frame that holds the seek table.
const SKIPPABLE_MAGIC: u32 = 0x184D_2A5E;
/// Magic number at the very end of the file.
const SEEKABLE_MAGIC: u32 = 0x8F92_EAB1;
/// Frame count, descriptor byte, magic.
const FOOTER_BYTES: usize = 4 + 1 + 4;
/// Compressed and plain size of a frame.
const ROW_BYTES: usize = 4 + 4;
/// 2^27 as the format says; a segment of 64 MiB has at most about 64 MiB / 256 frames.
const FRAMES_MAX: u32 = 1 << 27;
/// 256 lines of 65,535 bytes and their newlines.
const FRAME_BYTES_MAX: u32 = 256 * 65_536;

/// 7: on audit lines within a hundredth of level 9 and a fifth smaller than level 3, at about 110 MB/s.
const LEVEL: i32 = 7;

/// Compresses frame after frame.
pub(crate) struct FrameEncoder {
    zstd: zstd::bulk::Compressor<'static>,
    rows: Vec<(u32, u32)>,
}

impl FrameEncoder {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { zstd: zstd::bulk::Compressor::new(LEVEL)?, rows: Vec::new() })
    }

    /// One frame of whole lines.
    pub(crate) fn encode(&mut self, lines: &[u8]) -> io::Result<Vec<u8>> {
        let frame = self.zstd.compress(lines)?;
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
        self.rows.push((size(&frame)?, size(lines)?));
        Ok(frame)
    }

    /// The seek table that ends the file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let content = self.rows.len() * ROW_BYTES + FOOTER_BYTES;
        let word = |number: usize| u32::try_from(number).expect("a seek table is under 4 GiB").to_le_bytes();
        let mut table = Vec::with_capacity(8 + content);
        table.extend_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
        table.extend_from_slice(&word(content));
        for (compressed, plain) in &self.rows {
            table.extend_from_slice(&compressed.to_le_bytes());
            table.extend_from_slice(&plain.to_le_bytes());
        }
        table.extend_from_slice(&word(self.rows.len()));
        table.push(0); // no checksums: leaf hashes cover every byte
        table.extend_from_slice(&SEEKABLE_MAGIC.to_le_bytes());
        table
    }
}

/// Where a frame lies and how large it is when decompressed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) compressed: u32,
    pub(crate) plain: u32,
}

/// A sealed segment open for reading.
#[derive(Debug, Clone)]
pub(crate) struct SealedReader {
    file: Arc<dyn DiskFile>,
    frames: Arc<[Frame]>,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("damaged sealed segment: {what}"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The frame of lines that `bytes` begin with, if they do.
fn frame_at(bytes: &[u8], offset: u64) -> Option<Frame> {
    if bytes.starts_with(&SKIPPABLE_MAGIC.to_le_bytes()) {
        return None;
    }
    let compressed = zstd::zstd_safe::find_frame_compressed_size(bytes).ok()?;
    let plain = zstd::zstd_safe::get_frame_content_size(bytes).ok()??;
    let plain = u32::try_from(plain).ok().filter(|plain| *plain <= FRAME_BYTES_MAX)?;
    Some(Frame { offset, compressed: u32::try_from(compressed).ok()?, plain })
}

impl SealedReader {
    /// Reads the seek table and checks that it describes the whole file.
    pub(crate) fn open(file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let len = file.len()?;
        let footer_at = len.checked_sub(FOOTER_BYTES as u64).ok_or_else(|| damaged("too short"))?;
        let mut footer = [0; FOOTER_BYTES];
        read_exact_at(file.as_ref(), &mut footer, footer_at)?;
        if u32_at(&footer, 5) != SEEKABLE_MAGIC || footer[4] != 0 {
            return Err(damaged("no seek table at its end"));
        }
        let count = u32_at(&footer, 0);
        let table_len = u64::from(count) * ROW_BYTES as u64;
        let table_at = footer_at.checked_sub(table_len + 8).filter(|_| count <= FRAMES_MAX);
        let table_at = table_at.ok_or_else(|| damaged("seek table larger than the file"))?;
        let mut table = vec![0; usize::try_from(table_len + 8).map_err(io::Error::other)?];
        read_exact_at(file.as_ref(), &mut table, table_at)?;
        if u32_at(&table, 0) != SKIPPABLE_MAGIC
            || u64::from(u32_at(&table, 4)) != table_len + FOOTER_BYTES as u64
        {
            return Err(damaged("seek table without its header"));
        }
        let mut frames = Vec::with_capacity(count as usize);
        let mut offset = 0;
        for row in table[8..].chunks_exact(ROW_BYTES) {
            let frame = Frame { offset, compressed: u32_at(row, 0), plain: u32_at(row, 4) };
            if frame.plain > FRAME_BYTES_MAX {
                return Err(damaged("frame larger than 256 lines can be"));
            }
            offset += u64::from(frame.compressed);
            frames.push(frame);
        }
        if offset != table_at {
            return Err(damaged("seek table does not add up to the file"));
        }
        Ok(Self { file, frames: frames.into() })
    }

    /// Finds the frames of a file whose seek table is damaged, one behind the other, and where they end.
    pub(crate) fn walk(file: Arc<dyn DiskFile>) -> io::Result<(Self, u64)> {
        let len = file.len()?;
        let (mut frames, mut offset) = (Vec::new(), 0);
        let most = zstd::zstd_safe::compress_bound(FRAME_BYTES_MAX as usize);
        // 64 KiB, more than most frames have; then more and more.
        let mut held = vec![0; 64 * 1024];
        while offset < len {
            let count = usize::try_from(len - offset).map_or(held.len(), |rest| rest.min(held.len()));
            read_exact_at(file.as_ref(), &mut held[..count], offset)?;
            if let Some(frame) = frame_at(&held[..count], offset) {
                offset += u64::from(frame.compressed);
                frames.push(frame);
            } else if count == held.len() && count < most {
                held.resize((count * 8).min(most), 0);
            } else {
                break;
            }
        }
        Ok((Self { file, frames: frames.into() }, offset))
    }

    /// Frames in order.
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Lines of frame `index`, decompressed.
    pub(crate) fn read_frame(&self, index: usize) -> io::Result<Vec<u8>> {
        let frame = self.frames.get(index).ok_or_else(|| damaged("no such frame"))?;
        let mut compressed = vec![0; frame.compressed as usize];
        read_exact_at(self.file.as_ref(), &mut compressed, frame.offset)?;
        let lines = zstd::bulk::decompress(&compressed, frame.plain as usize)
            .map_err(|error| damaged(&format!("frame {index}: {error}")))?;
        if lines.len() != frame.plain as usize {
            return Err(damaged(&format!("frame {index} has another size than the seek table says")));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that is only read.
    #[derive(Debug)]
    struct Bytes(Vec<u8>);

    impl DiskFile for Bytes {
        fn append(&self, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = &self.0[self.0.len().min(usize::try_from(offset).unwrap())..];
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }

        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn status(&self) -> io::Result<crate::store::disk::FileStatus> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync(&self) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn rewrite(&self, _: &[u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn file(bytes: &[u8]) -> Arc<dyn DiskFile> {
        Arc::new(Bytes(bytes.to_vec()))
    }

    /// Bytes that do not compress.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        std::iter::repeat_with(next).take(len).collect()
    }

    /// The frames, and the seek table.
    fn sealed(contents: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
        let mut encoder = FrameEncoder::new().unwrap();
        let frames = contents.iter().flat_map(|lines| encoder.encode(lines).unwrap()).collect();
        (frames, encoder.finish())
    }

    fn three() -> Vec<Vec<u8>> {
        vec![b"one\n".repeat(256), noise(300_000), b"three\n".to_vec()]
    }

    fn read_all_frames(reader: &SealedReader) -> io::Result<Vec<Vec<u8>>> {
        (0..reader.frames().len()).map(|index| reader.read_frame(index)).collect()
    }

    #[test]
    fn what_is_sealed_reads_back_frame_by_frame() {
        for contents in [vec![], vec![b"x\n".to_vec()], three()] {
            let (frames, table) = sealed(&contents);
            let reader = SealedReader::open(file(&[frames, table].concat())).unwrap();
            assert_eq!(read_all_frames(&reader).unwrap(), contents);
            assert!(reader.read_frame(contents.len()).is_err());
        }
    }

    #[test]
    fn a_seek_table_with_one_wrong_byte_is_never_believed() {
        let (frames, table) = sealed(&three());
        for at in 0..table.len() {
            for bit in [0x01, 0x80] {
                let mut wrong = table.clone();
                wrong[at] ^= bit;
                let opened = SealedReader::open(file(&[frames.clone(), wrong].concat()));
                let read = opened.and_then(|reader| read_all_frames(&reader));
                assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData, "byte {at} of the table");
            }
        }
    }

    #[test]
    fn a_sealed_segment_that_is_cut_is_refused_wherever_it_is_cut() {
        let (frames, table) = sealed(&[b"one\n".to_vec(), b"two\n".to_vec()]);
        let whole = [frames, table].concat();
        for len in 0..whole.len() {
            let error = SealedReader::open(file(&whole[..len])).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{len} bytes: {error}");
        }
    }

    #[test]
    fn frames_are_found_without_their_seek_table() {
        let contents = three();
        let (frames, table) = sealed(&contents);
        let end = frames.len();
        for behind in [&b""[..], b"garbage", &table, &table[..5]] {
            let (reader, found) = SealedReader::walk(file(&[&frames, behind].concat())).unwrap();
            assert_eq!((read_all_frames(&reader).unwrap(), found), (contents.clone(), end as u64));
        }
        let (reader, found) = SealedReader::walk(file(&frames[..end - 1])).unwrap();
        assert_eq!(read_all_frames(&reader).unwrap(), contents[..2]);
        let (two, _) = sealed(&contents[..2]);
        assert_eq!(found, two.len() as u64, "the third is not whole");
    }

    #[test]
    fn bytes_that_are_no_frame_are_none_however_many_they_are() {
        let most = zstd::zstd_safe::compress_bound(FRAME_BYTES_MAX as usize);
        for len in [0, 1, 64 * 1024, most, most + 1] {
            let (reader, end) = SealedReader::walk(file(&vec![b'x'; len])).unwrap();
            assert_eq!((reader.frames().len(), end), (0, 0), "{len} bytes");
        }
    }

    #[test]
    fn a_frame_holds_at_most_256_of_the_longest_lines() {
        let longest = vec![b'x'; FRAME_BYTES_MAX as usize];
        for (lines, is_read) in [(longest.clone(), true), ([longest.as_slice(), b"x"].concat(), false)] {
            let (frames, table) = sealed(&[lines]);
            assert_eq!(SealedReader::walk(file(&frames)).unwrap().0.frames().len(), usize::from(is_read));
            assert_eq!(SealedReader::open(file(&[frames, table].concat())).is_ok(), is_read);
        }
    }
}
