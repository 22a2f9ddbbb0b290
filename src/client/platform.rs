//! A platform of services as one of its callers sees it: what can be called, and how.
//!
//! One link carries calls, answers and what lookout says. Its polling task sorts what comes in;
//! everything else happens in the callers' own tasks.

use super::budget::Budget;
use super::changes::{Changes, Component};
use super::error::CallError;
use super::hooks::Answer;
use super::link::{Filters, Heard, Link, LinkState, Publisher};
use super::options::{Delivery, Options};
use super::pending::Pending;
use super::protocol::Message;
use super::random::Random;
use super::request::Request;
use super::state::State;
use super::strategy::{self, Strategy};
use super::trials::Trials;
use super::view::ServiceState;
use crate::clock::Clock;
use crate::observer::call::CodeTable;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What the polling task and the callers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pending: Pending,
    pub(super) state: State,
    pub(super) trials: Option<Trials>,
    pub(super) clock: Clock,
    pub(super) reply_to: String,
}

impl Shared {
    fn hear(&self, heard: Heard) {
        match heard {
            Heard::Message(message) => self.message(&message),
            Heard::Up(refused) => {
                if let Some(trials) = &self.trials {
                    trials.up(&refused);
                }
                self.state.link(LinkState::Up);
            }
            Heard::Lost => {
                self.pending.lost();
                if let Some(trials) = &self.trials {
                    trials.lost();
                }
                self.state.link(LinkState::Down);
            }
        }
    }

    fn message(&self, message: &Message) {
        let (topic, payload) = (message.topic(), &*message.payload);
        if topic == self.reply_to {
            self.pending.hear(message);
        } else if !self.state.hear(topic, payload, message.retain, self.clock.now())
            && let Some(trials) = &self.trials
        {
            trials.hear(topic, payload, &self.state);
        }
    }
}

/// A platform of services over MQTT, with its state in mind. Cheap to clone; closed when the last
/// clone is dropped.
#[derive(Clone, Debug)]
pub struct Platform(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    link: Link,
    pub(super) shared: Arc<Shared>,
    pub(super) options: Options,
    pub(super) random: Random,
    pub(super) budget: Budget,
    pub(super) codes: CodeTable,
}

impl Platform {
    /// Starts to connect, on the current runtime. Calls wait for the link by themselves.
    ///
    /// # Errors
    ///
    /// [`CallError::Options`], if an option cannot be meant.
    pub fn connect(options: Options) -> Result<Self, CallError> {
        if let Some(problem) = options.problem() {
            return Err(CallError::Options(problem));
        }
        let random = Random::new();
        let state = State::new(&options.cluster);
        let trials = options.trials().map(|topic| Trials::new(&topic));
        let reply_to = format!("session/{}/response", options.session);
        let mut wanted = if options.listen { state.filters() } else { Vec::new() };
        wanted.extend(trials.as_ref().map(|trials| (trials.filter(), Delivery::AtMostOnce)));
        let shared = Arc::new(Shared {
            pending: Pending::new(random.number(), options.max_open),
            state,
            trials,
            clock: Clock::start(),
            reply_to: reply_to.clone(),
        });
        let hearing = Arc::clone(&shared);
        let hook = move |_: &Publisher, heard| hearing.hear(heard);
        let filters = Filters { needed: vec![reply_to], wanted };
        let link = Link::open(&options.endpoint, filters, hook);
        let budget = Budget::new(&options.retry);
        let codes = CodeTable::default();
        Ok(Self(Arc::new(Inner { link, shared, options, random, budget, codes })))
    }

    /// Waits until answers can be heard. Calls do this themselves, within their time limit.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`], if the broker does not let this client hear its answers.
    pub async fn ready(&self) -> Result<(), CallError> {
        self.0.link.ready().await
    }

    /// Calls `method` of `service` and returns its result.
    ///
    /// # Errors
    ///
    /// Every way in which a call can fail: see [`CallError`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        service: &str,
        method: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Result<T, CallError> {
        let answer: Answer<T> = self.request(service, method).params(params).send().await?;
        Ok(answer.value)
    }

    /// A call of `method` of `service` that can be told more before it is sent.
    pub fn request<'a>(&'a self, service: &'a str, method: &'a str) -> Request<'a> {
        Request::new(&self.0, service, method)
    }

    /// How the link to the broker stands.
    pub fn link(&self) -> LinkState {
        self.0.link.state()
    }

    /// What keeps the link down, if anything does. Not free of what a broker says.
    pub fn problem(&self) -> Option<String> {
        self.0.link.problem()
    }

    /// Whether a lookout is there.
    pub fn lookout(&self) -> bool {
        self.0.shared.state.is_present()
    }

    /// How a service stands; as healthy as anything unknown if nothing is known of it.
    pub fn service(&self, name: &str) -> ServiceState {
        let Shared { state, clock, .. } = &*self.0.shared;
        let unknown = || ServiceState { name: name.to_owned(), ..ServiceState::default() };
        state.service(name, clock.now()).unwrap_or_else(unknown)
    }

    /// All services of which something is known, by name.
    pub fn services(&self) -> Vec<ServiceState> {
        self.0.shared.state.names().iter().map(|name| self.service(name)).collect()
    }

    /// The components in trouble, by name.
    pub fn components(&self) -> Vec<Component> {
        self.0.shared.state.components().0
    }

    /// How to work with a service now.
    pub fn strategy(&self, service: &str) -> Strategy {
        let (components, tally) = self.0.shared.state.components();
        let up = self.0.link.publisher().is_up();
        strategy::of(up, &self.service(service), &components, tally)
    }

    /// What changes from now on; see [`super::Change`].
    pub fn changes(&self) -> Changes {
        self.0.shared.state.changes()
    }

    /// Calls that wait for their answer.
    pub fn open_calls(&self) -> usize {
        self.0.shared.pending.len()
    }

    /// Answers that belonged to no open call: late ones, for the most part.
    pub fn strays(&self) -> u64 {
        self.0.shared.pending.strays()
    }

    /// Says goodbye to the broker, if this is the last clone; open calls end as with a link that
    /// broke.
    pub async fn close(self) {
        if let Some(inner) = Arc::into_inner(self.0) {
            inner.shared.pending.lost();
            inner.link.close().await;
        }
    }
}

impl Inner {
    /// A handle to publish with.
    pub(super) const fn publisher(&self) -> &Publisher {
        self.link.publisher()
    }
}
