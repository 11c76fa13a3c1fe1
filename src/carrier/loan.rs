//! What one bind takes of the room that its carrier shares with the others of its group.

use super::share::Share;
use std::sync::Arc;

/// The room that the requests of one bind take; nothing, where no group bounds it.
#[derive(Debug, Default)]
pub struct Loan {
    share: Option<Arc<Share>>,
    /// Requests that take room.
    taken: usize,
    /// Those of them that were not answered in time.
    overdue: usize,
}

impl Loan {
    /// So many messages take room of the group until they are answered.
    pub fn take(&mut self, share: Option<Arc<Share>>, count: usize) {
        if share.is_some() && count > 0 {
            self.share = share;
            self.taken += count;
        }
    }

    /// So many of them take it no longer.
    pub fn give_back(&mut self, count: usize) {
        // What left before the group had bounds took no room of it.
        let count = count.min(self.taken);
        if count > 0
            && let Some(share) = &self.share
        {
            self.taken -= count;
            share.give_back(count);
        }
    }

    /// One was not answered in time: it keeps its room.
    pub fn is_overdue(&mut self) {
        if self.overdue < self.taken
            && let Some(share) = &self.share
        {
            self.overdue += 1;
            share.is_overdue(1);
        }
    }

    /// So many of those were answered after all.
    pub fn is_overdue_no_more(&mut self, count: usize) {
        let count = count.min(self.overdue);
        if count > 0
            && let Some(share) = &self.share
        {
            self.overdue -= count;
            share.is_overdue_no_more(count);
        }
    }

    /// The bind is gone.
    pub fn give_all_back(&mut self) {
        self.is_overdue_no_more(self.overdue);
        self.give_back(self.taken);
    }

    /// Whether requests that were not answered in time take all the room of the group, some of
    /// this bind among them: nothing leaves any more unless a bind gives up what it waits for.
    pub fn blocks_the_group(&self) -> bool {
        self.overdue > 0 && self.share.as_ref().is_some_and(|share| share.is_stuck())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Group;
    use crate::moment::Moment;

    #[test]
    fn a_bind_whose_requests_are_not_answered_gives_the_room_of_its_group_back() {
        let share = Arc::new(Share::default());
        let group = Group {
            window: 1,
            ..Group::default()
        };
        share.set(Some(&group), Moment(0));
        let mut loan = Loan::default();
        let (granted, _) = share.take(1, Moment(0));
        loan.take(Some(share.clone()), granted);
        assert!(!loan.blocks_the_group());
        loan.is_overdue();
        assert!(loan.blocks_the_group());
        loan.give_all_back();
        assert!(!loan.blocks_the_group());
        assert_eq!(share.take(2, Moment(0)), (1, None));
    }
}
