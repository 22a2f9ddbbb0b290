//! The real pipeline under a traffic file's own clock.
//!
//! The file's time stamps are the clock: a gap between lines is quiet time, driven through
//! deadline by deadline and second by second. A pause is written at its end, but the process
//! stood still before; the pauses of the file are therefore told beforehand, so that nothing is
//! judged in a moment at which, in truth, nobody was looking. Alerts are looked for second by second
//! from the first line on. At the end the clock runs on
//! until every open call is settled and every held reply decided. Equal lines, configuration
//! and seed give equal documents.

use super::file::Pause;
use crate::config::Config;
use crate::observer::digest::DigestKey;
use crate::observer::input::Doubt;
use crate::observer::survey::Survey;
use crate::observer::{Input, Instant, Snapshot, Span};
use crate::pipeline::Pipeline;
use crate::wire::Document;
use crate::wire::capture::{Line, What};
use crate::wire::summary::Summary;
use std::collections::VecDeque;

/// Digests never leave the program; in a replay their key is fixed, so that even the order of
/// simultaneous events is the same each time.
const KEY: DigestKey = DigestKey::new(0x6c6f_6f6b_6f75_7421, 0x7265_706c_6179_2121);

const SECOND: Span = Span::from_secs(1);

/// Who is told what a replay comes to.
pub(in crate::cli) trait Audience {
    /// The pipeline says something under `system/{cluster}/`.
    fn hear(&mut self, document: Document) -> anyhow::Result<()>;

    /// The clock has run up to this moment, at which all can be looked at. It runs in steps of a
    /// second or less while something goes on, and of half a minute else.
    fn pass(&mut self, _now: Instant, _pipeline: &mut Pipeline) {}
}

/// A pipeline, and how far its clock has run.
pub(in crate::cli) struct Engine {
    /// Until there is a pipeline.
    config: Option<Config>,
    pipeline: Option<Pipeline>,
    seconds: Seconds,
    now: Instant,
    pauses: VecDeque<Pause>,
    messages: u64,
    bad_lines: u64,
}

impl Engine {
    /// An engine that begins with the first line of a file, whose pauses are these.
    pub(in crate::cli) fn new(config: Config, pauses: Vec<Pause>) -> Self {
        Self {
            config: Some(config),
            pipeline: None,
            seconds: Seconds::default(),
            now: Instant::default(),
            pauses: pauses.into(),
            messages: 0,
            bad_lines: 0,
        }
    }

    /// The moment up to which its clock has run.
    pub(in crate::cli) const fn now(&self) -> Instant {
        self.now
    }

    /// Takes a line of the file; `None` is one that cannot be read.
    pub(in crate::cli) fn line(
        &mut self,
        line: Option<&Line<'_>>,
        audience: &mut impl Audience,
    ) -> anyhow::Result<()> {
        let Some(line) = line else {
            self.bad_lines += 1;
            return Ok(());
        };
        let pipeline = match (&mut self.pipeline, self.config.take()) {
            (Some(pipeline), _) => pipeline,
            (none, Some(config)) => {
                self.now = line.at;
                let voice = config.voice();
                let alerts = config.alerts();
                let watch = config.watch(line.at);
                // Nobody acts on what happened once.
                let responder = config.responder(line.at, false);
                let Config { traffic, settings, .. } = config;
                self.seconds.next = alerts.is_some().then_some(line.at + SECOND);
                let pipeline = Pipeline::new(voice, traffic, settings, KEY, line.at);
                let pipeline = pipeline.with_alerts(alerts).with_security(watch);
                none.insert(pipeline.with_responder(responder))
            }
            (None, None) => anyhow::bail!("the pipeline was not built"),
        };
        // A time stamp that goes back is taken as the latest.
        let now = self.now.max(line.at);
        while let Some((begin, _)) = self.pauses.front().filter(|(begin, _)| *begin <= now) {
            let begin = self.now.max(*begin);
            self.seconds.advance(pipeline, begin, audience)?;
            pipeline.tell(begin, Input::Doubt(Doubt::Pause, true));
            self.pauses.pop_front();
        }
        self.seconds.advance(pipeline, now, audience)?;
        self.now = now;
        if matches!(line.what, What::Message(_)) {
            self.messages += 1;
        }
        audience.pass(now, pipeline);
        tell(pipeline, now, &line.what);
        drain(pipeline, audience)
    }

    /// Lets the clock run on until all is settled. What is known then.
    pub(in crate::cli) fn finish(
        mut self,
        audience: &mut impl Audience,
    ) -> anyhow::Result<Summary> {
        let snapshot = match &mut self.pipeline {
            None => Snapshot::default(),
            Some(pipeline) => {
                while !pipeline.is_settled() {
                    self.now = pipeline.poll_timeout().max(self.now);
                    self.seconds.advance(pipeline, self.now, audience)?;
                    pipeline.advance(self.now);
                    drain(pipeline, audience)?;
                    audience.pass(self.now, pipeline);
                }
                pipeline.snapshot(self.now)
            }
        };
        Ok(Summary::new(&snapshot, self.messages, self.bad_lines))
    }
}

/// Tells the pipeline what a line says.
fn tell(pipeline: &mut Pipeline, now: Instant, what: &What<'_>) {
    match what {
        What::Message(recorded) => pipeline.hear(now, &recorded.message()),
        What::Link(link) => pipeline.tell(now, Input::Link(*link)),
        What::Paused(_) => pipeline.tell(now, Input::Doubt(Doubt::Pause, false)),
        What::Replicas(replicas) => {
            let service = pipeline.service(replicas.service());
            pipeline.tell(now, Input::Replicas(replicas.replicas(service)));
        }
        What::Subscribers(look) => {
            let service = pipeline.service(look.service());
            pipeline.tell(now, Input::Subscribers(look.subscribers(service, now)));
        }
        What::Component(component) => pipeline.tell(now, Input::Component(component.report())),
        What::Unknown => {}
    }
}

/// The seconds at which alerts are looked for.
#[derive(Default)]
struct Seconds {
    /// The next; `None` if there are no alerts.
    next: Option<Instant>,
    survey: Survey,
}

impl Seconds {
    /// Lets the clock run up to `now`, and hands on what is said on the way.
    fn advance(
        &mut self,
        pipeline: &mut Pipeline,
        now: Instant,
        audience: &mut impl Audience,
    ) -> anyhow::Result<()> {
        // Step by step, so that a quiet year does not pile its documents up in memory.
        loop {
            let deadline = pipeline.poll_timeout();
            let second = self.next.filter(|second| *second < now && *second <= deadline);
            let reached = if let Some(second) = second {
                pipeline.advance(second);
                drain(pipeline, audience)?;
                // A snapshot of a thousand services takes longer than a second of a quiet recording.
                if pipeline.wants_turn(second) {
                    pipeline.turn(second, &mut self.survey, None);
                }
                self.next = Some(second + SECOND);
                second
            } else if deadline < now {
                pipeline.advance(deadline);
                deadline
            } else {
                return Ok(());
            };
            drain(pipeline, audience)?;
            audience.pass(reached, pipeline);
        }
    }
}

fn drain(pipeline: &mut Pipeline, audience: &mut impl Audience) -> anyhow::Result<()> {
    while let Some(document) = pipeline.poll_document() {
        // A direct answer is left out: what it answers was answered or not when it was recorded.
        if document.topic.starts_with("system/") {
            audience.hear(document)?;
        }
    }
    Ok(())
}
