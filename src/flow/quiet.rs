//! Whether a group of carriers has a response to come: without one, a receipt that matches nothing
//! of ours never will.

use super::switchboard::{Carriers, Switchboard};
use crate::message::GroupId;

impl Switchboard {
    /// Whether every response that the carriers of this group have given is known, and none is to
    /// come. A message that leaves from now on is not meant by a receipt that has come already.
    pub(super) fn is_quiet(&self, carriers: &Carriers, group: GroupId) -> bool {
        let all = carriers.iter().map(|(_, slot)| slot);
        let mut of_group = all.filter(|slot| slot.group == group);
        // What has been sent without being answered, and is to be sent once more, may yet be
        // answered as if it were the first time.
        if self.parked.lock().total() > 0 {
            return false;
        }
        // A bind counts its requests until it has handed up what was answered, so that they are
        // counted here or there at any time, if they are looked for in this order.
        of_group.all(|slot| slot.waiting() == 0 && slot.queue.in_flight() == 0)
            && self.unsettled.is_none()
    }
}
