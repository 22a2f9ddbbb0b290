//! The part that `run` and `replay` share: messages in, documents out.
//! (interface first; the body follows)

use crate::observer::digest::DigestKey;
use crate::observer::{Input, Instant, Settings};
use crate::wire::{Document, Message, Traffic};

/// Wire and observer, joined.
#[derive(Debug)]
pub struct Pipeline {}

impl Pipeline {
    /// A pipeline that starts to listen at `now`.
    pub fn new(_cluster: &str, _id: &str, _traffic: Traffic, _settings: Settings, _key: DigestKey, _now: Instant) -> Self {
        Self {}
    }
    /// Takes a message heard at `now`. Deadlines before `now` are handled first.
    pub fn hear(&mut self, _now: Instant, _message: &Message<'_>) {}
    /// Takes anything else that reaches the observer (link, pause, doubt, replicas, components).
    pub fn tell(&mut self, _now: Instant, _input: Input<'_>) {}
    /// Handles every deadline before `now`.
    pub fn advance(&mut self, _now: Instant) {}
    /// When `advance` is next needed.
    pub fn poll_timeout(&self) -> Instant {
        Instant::default()
    }
    /// The next document to publish.
    pub fn poll_document(&mut self) -> Option<Document> {
        None
    }
}
