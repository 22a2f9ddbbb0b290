//! What a comparison of two configurations on the same recording found, as JSON.

use super::Time;
use serde::Serialize;

/// In which alarms two configurations differ.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The recording's first moment.
    pub from: Time,
    /// Its last.
    pub to: Time,
    /// Whether it was read to its end; a compressed file may end in the middle.
    pub whole: bool,
    /// The first configuration.
    pub base: Side,
    /// The other one.
    pub other: Side,
    /// Alarms that only the other one gives, in order of time.
    pub added: Vec<Alarm>,
    /// Alarms that only the first one gives.
    pub spared: Vec<Alarm>,
    /// Alarms that both give, but not at the same times.
    pub moved: Vec<Moved>,
    /// How many alarms are the same.
    pub same: usize,
    /// What began from here on was not compared, as there were too many alarms to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_until: Option<Time>,
}

/// One of two configurations.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "side"))]
pub struct Side {
    /// Its file, or `defaults`.
    pub config: String,
    /// How many alarms it gives.
    pub alarms: u64,
}

/// An interval in which something bad was said.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "alarm"))]
pub struct Alarm {
    /// `service_unavailable`, `service_degraded`, `infrastructure_error`, `circuit_open`, `pair_deaf`
    /// or `alert`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub kind: &'static str,
    /// The service, component or pair, or the labels of an alert.
    pub subject: String,
    /// Why; the severity of a component's error, the name of an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was first said.
    pub begin: Time,
    /// When it was over; absent if it was not before the recording ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Time>,
    /// How long it lasted, if it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub seconds: Option<f64>,
}

/// An alarm under both configurations.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "moved"))]
pub struct Moved {
    /// As it is under the first.
    pub base: Alarm,
    /// As it is under the other.
    pub other: Alarm,
}
