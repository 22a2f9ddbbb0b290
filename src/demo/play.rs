//! Plays the script on the stage, shows what happens, and checks it.

use super::check::{Report, check};
use super::notice::{Notice, Said};
use super::script::{Cue, Fault, Script};
use super::show::{Placed, Round, Show};
use super::stage::Stage;
use crate::observer::{Instant, Span};
use std::io;
use std::time::Duration;

/// How often to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounds {
    /// Once.
    One,
    /// Until somebody stops the demo.
    Endless,
}

/// Plays rounds; returns whether in all of them everything expected was seen and nothing else
/// was said. lookout has to be there already.
pub async fn play(
    stage: &mut Stage,
    script: &Script,
    show: &mut Show,
    rounds: Rounds,
) -> io::Result<bool> {
    let mut good = true;
    for number in 1.. {
        let (before, careful) = (stage.tally(), stage.spared());
        stage.start_traffic();
        show.traffic(number)?;
        let mut act = Act::new(script, stage.clock().now());
        act.run(stage, show).await?;
        let report = act.report();
        let said: Vec<_> =
            act.said.iter().map(|(at, said)| (at.since(act.start), said.clone())).collect();
        let tally = stage.tally().since(before);
        let spared = stage.spared().since(careful);
        show.summary(Round { number, script, report: &report, said: &said, tally, spared })?;
        good &= report.ok();
        if rounds == Rounds::One {
            break;
        }
    }
    Ok(good)
}

/// One round as it goes on.
struct Act<'a> {
    script: &'a Script,
    start: Instant,
    begun: Vec<Option<Instant>>,
    said: Vec<(Instant, Said)>,
}

impl<'a> Act<'a> {
    fn new(script: &'a Script, start: Instant) -> Self {
        Self { script, start, begun: vec![None; script.scenes.len()], said: Vec::new() }
    }

    fn report(&self) -> Report {
        check(self.script, &self.begun, &self.said)
    }

    async fn run(&mut self, stage: &mut Stage, show: &mut Show) -> io::Result<()> {
        for (due, cue) in self.script.cues() {
            self.listen_until(due, stage, show).await?;
            self.act(cue, stage, show)?;
        }
        self.listen_until(self.script.length, stage, show).await
    }

    /// Shows what lookout publishes until a moment of the script.
    async fn listen_until(
        &mut self,
        due: Span,
        stage: &mut Stage,
        show: &mut Show,
    ) -> io::Result<()> {
        loop {
            let left = (self.start + due).since(stage.clock().now());
            if left == Span::ZERO {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(left.micros())) => return Ok(()),
                (at, notice) = stage.hear() => self.hear(at, notice, show)?,
            }
        }
    }

    fn act(&mut self, cue: Cue, stage: &mut Stage, show: &mut Show) -> io::Result<()> {
        let (Cue::Begin(number) | Cue::End(number)) = cue;
        let Some(scene) = self.script.scenes.get(number) else { return Ok(()) };
        let begins = cue == Cue::Begin(number);
        if begins {
            stage.begin(scene.fault);
        } else {
            stage.end(scene.fault);
        }
        let now = stage.clock().now();
        if let (true, Some(begun)) = (begins, self.begun.get_mut(number)) {
            *begun = Some(now);
        }
        show.fault(now.since(self.start), scene.fault, begins)
    }

    fn hear(&mut self, at: Instant, notice: Notice, show: &mut Show) -> io::Result<()> {
        let since_start = at.since(self.start);
        let said = match notice {
            Notice::Presence(online) => return show.presence(since_start, online),
            Notice::Said(said) => said,
        };
        self.said.push((at, said));
        let scene = self.report().account.last().copied().flatten();
        let Some((_, said)) = self.said.last() else { return Ok(()) };
        let fault = self.fault(scene, said, at);
        show.said(Placed { at: since_start, said, fault, expected: scene.is_some() })
    }

    /// The fault that a said document is about: the one that it was expected of, else the one
    /// that met its service.
    fn fault(&self, scene: Option<usize>, said: &Said, at: Instant) -> Option<(Fault, Span)> {
        let met = |fault: Fault| fault.service() == Some(said.subject.as_str());
        let number =
            scene.or_else(|| self.script.scenes.iter().position(|scene| met(scene.fault)))?;
        let begun = self.begun.get(number).copied().flatten()?;
        Some((self.script.scenes.get(number)?.fault, at.since(begun)))
    }
}
