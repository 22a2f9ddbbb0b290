//! `/api/v1/actions`: what is done about attacks, and how an operator has it undone.

use super::attack::{Party, party};
use super::time;
use crate::observer::measure::Measure;
use crate::view::View;
use crate::wire::{action_id, correlation_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done about attacks, and what was done lately.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Actions {
    /// Of when this is.
    at: String,
    /// The latest first.
    actions: Vec<Action>,
}

/// Something that is done about an attack.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Action {
    /// Its id: the `actionId` of all that was said of it.
    id: String,
    /// What is done, such as `block_ip`.
    action: &'static str,
    /// proposed, started, done, failed, refused, undoing, undone or not_undone.
    state: &'static str,
    /// Whether something of it may be in force.
    in_force: bool,
    /// To whom it is done.
    target: Party,
    /// The kind of attack that it answers.
    attack: &'static str,
    /// The attack's incident.
    incident: String,
    /// Who does it: emqx, webhook, lookout.
    by: Vec<&'static str>,
    /// Whether it is only said.
    dry_run: bool,
    /// When it was decided.
    since: String,
    /// When it is undone, if there is something to undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// When it came to stand so.
    changed: String,
    /// What came of it, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What an operator wants of an action.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Wish {
    /// `undone`: it is undone now, and not when its time is over.
    pub(in super::super) state: Wanted,
}

/// How an action is to stand.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Wanted {
    /// Undone.
    Undone,
}

/// All that are in force, or that are not, or all.
pub(in super::super) fn actions(view: &View, in_force: Option<bool>) -> Actions {
    let wanted = |it: &&Measure| in_force.is_none_or(|wanted| is_in_force(it) == wanted);
    let actions = view.measures().latest().filter(wanted).map(action).collect();
    Actions { at: time(view.turn().snapshot.at), actions }
}

fn is_in_force(measure: &Measure) -> bool {
    measure.until.is_some() && measure.stage.is_in_force()
}

/// One of them.
pub(in super::super) fn action(measure: &Measure) -> Action {
    Action {
        id: action_id(measure.id),
        action: measure.response.name(),
        state: measure.stage.name(),
        in_force: is_in_force(measure),
        target: party(&measure.on),
        attack: measure.attack.name(),
        incident: correlation_id(measure.incident),
        by: measure.means.names().collect(),
        dry_run: measure.dry_run,
        since: time(measure.began),
        until: measure.until.map(time),
        changed: time(measure.said),
        message: measure.message.as_deref().map(str::to_owned),
    }
}
