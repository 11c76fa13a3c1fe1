//! Responses that have been appended to the output of a connection and not reached its socket.

use std::collections::VecDeque;

/// Counts responses by where they end in the stream of octets.
#[derive(Debug, Default)]
pub struct Unread {
    /// Octets that have reached the socket since the first response.
    flushed: u64,
    /// Where a batch of responses ends in the stream, and how many it has.
    marks: VecDeque<(u64, u64)>,
    count: u64,
}

impl Unread {
    /// A batch of responses has been appended; the output now holds so many octets.
    pub fn appended(&mut self, count: usize, output: usize) {
        if count > 0 {
            self.count += count as u64;
            self.marks
                .push_back((self.flushed + output as u64, count as u64));
        }
    }

    /// So many more octets have reached the socket. How many more responses have with them.
    pub fn written(&mut self, octets: usize) -> u64 {
        self.flushed += octets as u64;
        let mut written = 0;
        while let Some((end, count)) = self.marks.front()
            && *end <= self.flushed
        {
            written += count;
            self.marks.pop_front();
        }
        self.count -= written;
        written
    }

    /// Responses that have not reached the socket.
    pub fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_count_as_written_once_their_last_octet_is() {
        let mut unread = Unread::default();
        unread.appended(2, 60);
        unread.appended(3, 150);
        assert_eq!(unread.written(59), 0);
        assert_eq!(unread.written(1), 2);
        // 90 octets are left in the output, then 30 more come with one response.
        unread.appended(1, 120);
        assert_eq!(unread.count(), 4);
        assert_eq!(unread.written(90), 3);
        assert_eq!(unread.written(30), 1);
        assert_eq!(unread.count(), 0);
    }
}
