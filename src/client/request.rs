//! One call: what it says, and its way from the first attempt to the last.
//!
//! Each attempt waits for the link, asks whether the service may be called, sends, and waits for
//! the answer. Attempts of an idempotent call share its deadline: each gets an equal part of what
//! is left, so that one lost message does not use up the time in which the next would be answered.
//!
//! - Calls that are not marked idempotent are made once: nobody knows whether a call that was not
//!   answered was carried out.
//! - A deadline that the caller set goes along as Message Expiry, in whole seconds. The default
//!   one does not: lookout takes it for the caller's patience, and would wait as long before it
//!   says that a service is gone.

use super::budget;
use super::envelope::{self, Return};
use super::error::{CallError, Source};
use super::hooks::{Answer, CallKey, Origin};
use super::options::Protocol;
use super::platform::Inner;
use super::protocol::Extras;
use super::standing::{Pass, Trial, duration};
use super::trace;
use crate::observer::{Instant, Span};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::timeout;

/// What the caller has instead of an answer.
type Fallback<'a> = Box<dyn Fn(&CallError) -> Option<serde_json::Value> + Send + Sync + 'a>;

/// A call that can be told more before it is sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    platform: &'a Inner,
    service: &'a str,
    method: &'a str,
    params: Option<Result<Box<RawValue>, String>>,
    idempotent: bool,
    deadline: Option<Duration>,
    traceparent: Option<String>,
    correlation: Option<String>,
    user: Option<String>,
    fallback: Option<Fallback<'a>>,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Request");
        shown.field("service", &self.service).field("method", &self.method);
        shown.finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    pub(super) const fn new(platform: &'a Inner, service: &'a str, method: &'a str) -> Self {
        Self {
            platform,
            service,
            method,
            params: None,
            idempotent: false,
            deadline: None,
            traceparent: None,
            correlation: None,
            user: None,
            fallback: None,
        }
    }

    /// The parameters; without any, `null` is sent.
    pub fn params(mut self, params: &(impl Serialize + ?Sized)) -> Self {
        let raw = serde_json::value::to_raw_value(params);
        self.params = Some(raw.map_err(|error| error.to_string()));
        self
    }

    /// Whether the call may be carried out twice without harm; then it may be made again.
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// How long it may take in all, attempts and waits included. The broker and lookout are told.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The trace that the call is a part of, as W3C Trace Context has it. Without one, or with one
    /// that is not valid, the call begins its own.
    pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.traceparent = Some(traceparent.into()).filter(|it| trace::is_valid(it));
        self
    }

    /// The operation that the call is a part of. Without one, the call is one of its own.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// The user on whose behalf it is made.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// What to return instead of an error, if anything; asked last, after the cache.
    pub fn fallback(
        mut self,
        fallback: impl Fn(&CallError) -> Option<serde_json::Value> + Send + Sync + 'a,
    ) -> Self {
        self.fallback = Some(Box::new(fallback));
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    ///
    /// Every way in which a call can fail: see [`CallError`].
    pub async fn send<T: DeserializeOwned>(mut self) -> Result<Answer<T>, CallError> {
        if self.service.is_empty() || self.service.contains(['+', '#', '\0']) {
            return Err(CallError::Unsendable(format!("{:?} is no service name", self.service)));
        }
        let params = match self.params.take() {
            Some(params) => params.map_err(CallError::Unsendable)?,
            None => RawValue::NULL.to_owned(),
        };
        self.platform.budget.pay();
        match self.attempts(&params).await {
            Ok(result) => {
                let value = parse(result.get())?;
                self.put(&params, &result);
                Ok(Answer { value, origin: Origin::Service })
            }
            Err(error) => self.instead(&params, error),
        }
    }

    /// The result, after as many attempts as are allowed.
    async fn attempts(&self, params: &RawValue) -> Result<Box<RawValue>, CallError> {
        let Inner { shared, options, random, budget, .. } = self.platform;
        let (clock, retry) = (&shared.clock, &options.retry);
        let whole = self.deadline.unwrap_or(options.deadline);
        let end = clock.now() + span(whole);
        let most = if self.idempotent { retry.attempts.max(1) } else { 1 };
        let mut attempt = 1;
        loop {
            let now = clock.now();
            // An equal part of what is left for each attempt that is left.
            let part = end.since(now).scaled(1.0 / f64::from(most - attempt + 1));
            let limit = if attempt == most { end } else { now + part };
            let error = match self.attempt(params, limit, whole).await {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            let again = attempt < most && is_worth_it(&error);
            let wait = budget::wait(retry, attempt, error.retry_after(), random.unit());
            if !again || clock.now() + span(wait) >= end || !budget.take() {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One attempt.
    async fn attempt(
        &self,
        params: &RawValue,
        limit: Instant,
        whole: Duration,
    ) -> Result<Box<RawValue>, CallError> {
        let Inner { shared, options, random, .. } = self.platform;
        self.link(limit).await?;
        let now = shared.clock.now();
        let every = span(options.trial_every);
        let pass =
            if options.fail_fast { shared.state.ask(self.service, now, every) } else { Pass::Go };
        let mut trial = OwnTrial { request: self, open: false };
        match pass {
            Pass::Go => {}
            Pass::No(error) => return Err(error),
            Pass::OwnTrial => trial.open = true,
            Pass::Trial(trial) => self.claim(trial, limit).await?,
        }
        let verdict = self.exchange(params, limit, whole).await;
        let is_trial = std::mem::take(&mut trial.open);
        match &verdict {
            Err(CallError::Timeout(_)) => {
                let now = shared.clock.now();
                let (most, spread) = (options.own_timeouts, random.unit());
                shared.state.timed_out(self.service, now, most, is_trial, spread);
            }
            // Nobody answered, or somebody else did: lookout answers in a service's place.
            Err(
                CallError::LinkDown { .. }
                | CallError::Overloaded(_)
                | CallError::Unsendable(_)
                | CallError::Unavailable(_)
                | CallError::CircuitOpen(_),
            ) => trial.open = is_trial,
            _ => shared.state.answered(self.service, || shared.clock.now()),
        }
        verdict
    }

    /// Waits for the link, as long as the call may.
    async fn link(&self, limit: Instant) -> Result<(), CallError> {
        let publisher = self.platform.publisher();
        if publisher.is_up() {
            return Ok(());
        }
        let left = limit.since(self.platform.shared.clock.now());
        let wait = self.platform.options.link_wait.min(duration(left));
        let ready = timeout(wait, publisher.ready()).await;
        ready.unwrap_or(Err(CallError::LinkDown { sent: false }))
    }

    /// Gets a call of a round, or the reason why there is none.
    async fn claim(&self, trial: Trial, limit: Instant) -> Result<(), CallError> {
        let Some(trials) = &self.platform.shared.trials else { return Ok(()) };
        let left = duration(limit.since(self.platform.shared.clock.now()));
        let round = (&*trial.round, trial.limit);
        let random = self.platform.random.number();
        let publisher = self.platform.publisher();
        let had = trials.claim(publisher, self.service, round, random, left).await;
        if had { Ok(()) } else { Err(trial.refusal) }
    }

    /// Sends, and waits for the answer.
    async fn exchange(
        &self,
        params: &RawValue,
        limit: Instant,
        whole: Duration,
    ) -> Result<Box<RawValue>, CallError> {
        let Inner { shared, options, random, codes, .. } = self.platform;
        let mut entry = shared.pending.open().ok_or(CallError::Overloaded(options.max_open))?;
        let v5 = options.endpoint.protocol == Protocol::V5;
        let (state, begun) = (trace::STATE, self.traceparent.is_none());
        let begin = || trace::begin(|| random.number());
        let traceparent = self.traceparent.clone().unwrap_or_else(begin);
        let own = || format!("{}-{}", options.session, entry.id);
        let correlation = self.correlation.clone().unwrap_or_else(own);
        let back = Return {
            reply_to: &shared.reply_to,
            correlation: &correlation,
            session: &options.session,
            user: self.user.as_deref(),
            traceparent: (!v5).then_some(&*traceparent),
            tracestate: (!v5 && begun).then_some(state.1),
        };
        let payload = envelope::request(entry.id, self.method, params, back)
            .map_err(|error| CallError::Unsendable(error.to_string()))?;
        let mut user = Vec::new();
        if v5 {
            user.push((trace::NAME.to_owned(), traceparent));
            user.extend(begun.then(|| (state.0.to_owned(), state.1.to_owned())));
        }
        let extras = Extras {
            response_topic: v5.then(|| shared.reply_to.clone()),
            correlation: v5.then(|| entry.id.to_string().into()),
            expiry: self.deadline.map(|_| seconds(limit.since(shared.clock.now()))),
            user,
        };
        let topic = format!("service/{}", self.service);
        let exchange = async {
            self.platform.publisher().send(topic, payload, extras).await?;
            let answer = (&mut entry.answer).await;
            answer.map_err(|_| CallError::LinkDown { sent: true })
        };
        // An answer that is there counts, even if the limit has passed as well.
        match timeout(duration(limit.since(shared.clock.now())), exchange).await {
            Ok(incoming) => incoming?.verdict(self.service, codes, shared.clock.now().micros()),
            Err(_) => Err(CallError::Timeout(whole)),
        }
    }

    fn key<'k>(&'k self, params: &'k RawValue) -> CallKey<'k> {
        CallKey { service: self.service, method: self.method, params }
    }

    fn put(&self, params: &RawValue, result: &RawValue) {
        if let Some(cache) = self.platform.options.cache.as_ref().filter(|_| self.idempotent) {
            cache.put(self.key(params), result);
        }
    }

    /// What there is instead of an answer.
    fn instead<T: DeserializeOwned>(
        &self,
        params: &RawValue,
        error: CallError,
    ) -> Result<Answer<T>, CallError> {
        let may_be_old = self.idempotent && error.is_unreachable();
        let cache = self.platform.options.cache.as_ref().filter(|_| may_be_old);
        if let Some(kept) = cache.and_then(|cache| cache.get(self.key(params)))
            && let Ok(value) = parse(kept.get())
        {
            return Ok(Answer { value, origin: Origin::Cache });
        }
        let instead = self.fallback.as_ref().and_then(|fallback| fallback(&error));
        match instead.map(serde_json::from_value) {
            Some(Ok(value)) => Ok(Answer { value, origin: Origin::Fallback }),
            Some(Err(wrong)) => Err(CallError::Malformed(format!("fallback: {wrong}"))),
            None => Err(error),
        }
    }
}

/// The trial call of the own circuit: when its caller stops waiting, the next may try.
struct OwnTrial<'r, 'a> {
    request: &'r Request<'a>,
    open: bool,
}

impl Drop for OwnTrial<'_, '_> {
    fn drop(&mut self) {
        if self.open {
            self.request.platform.shared.state.abandoned(self.request.service);
        }
    }
}

/// Whether another attempt may go better. A circuit that is open will not close for being asked.
fn is_worth_it(error: &CallError) -> bool {
    match error {
        CallError::Timeout(_)
        | CallError::ExecutionTimeout(_)
        | CallError::Failed(_)
        | CallError::LinkDown { .. } => true,
        CallError::Unavailable(away) => away.source == Source::Answer,
        _ => false,
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, CallError> {
    serde_json::from_str(text).map_err(|error| CallError::Malformed(error.to_string()))
}

/// Whole seconds, rounded up: the broker must not drop what still has time.
fn seconds(left: Span) -> u32 {
    u32::try_from(left.micros().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
}

fn span(duration: Duration) -> Span {
    Span::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}
