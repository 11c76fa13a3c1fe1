//! Reading and writing until all is done: a disk may do less than it is asked for.

use super::DiskFile;
use std::io;

/// Writes all of these octets.
pub fn write_all(file: &dyn DiskFile, mut octets: &[u8], mut offset: u64) -> io::Result<()> {
    while !octets.is_empty() {
        match file.write_at(octets, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                octets = &octets[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads as many octets as there are, but no more than there is room for.
pub fn read_full(file: &dyn DiskFile, octets: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < octets.len() {
        match file.read_at(&mut octets[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
