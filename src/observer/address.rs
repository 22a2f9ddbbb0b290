//! Where the answer to an open call goes, for those that lookout answers itself.
//!
//! Kept only if it does (`direct_answers`), as long as the call is open, and taken away when it is
//! answered: so no call is answered twice, and none that was answered or given up. What it holds
//! is as the call said it; nothing in here is looked at.

use std::collections::BTreeMap;

/// Where an answer goes, and what it is known by there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The reply topic.
    pub topic: Box<str>,
    /// The id in the body of the call, as it is written in JSON.
    pub id: Option<Box<str>>,
    /// The Correlation Data of the call.
    pub correlation: Option<Box<[u8]>>,
    /// The business operation that it names: its `correlationId`.
    pub operation: Option<Box<str>>,
}

/// The addresses of open calls, by their slots in the ledger.
#[derive(Debug, Default)]
pub struct Addresses(BTreeMap<u32, Box<Address>>);

impl Addresses {
    /// A call was opened in this slot.
    pub fn open(&mut self, slot: u32, address: Box<Address>) {
        self.0.insert(slot, address);
    }

    /// The call in this slot is settled.
    pub fn close(&mut self, slot: u32) {
        // Nearly always there are none at all.
        if !self.0.is_empty() {
            self.0.remove(&slot);
        }
    }

    /// Whether there is one of the call in this slot.
    pub fn has(&self, slot: u32) -> bool {
        self.0.contains_key(&slot)
    }

    /// Takes the address of the call in this slot.
    pub fn take(&mut self, slot: u32) -> Option<Box<Address>> {
        self.0.remove(&slot)
    }

    /// The slots that have an address.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }
}
