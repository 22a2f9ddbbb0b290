//! False alarms: what was said of services that had no fault.

use super::healthy::{BLIND, CAUSES, Days};
use super::rules::NAMES;
use std::collections::BTreeMap;

/// Of how many kinds the alarms are, and when they came.
pub(crate) fn lookout(days: &[Days]) -> String {
    let mut counts: BTreeMap<&str, [u64; CAUSES.len()]> = BTreeMap::new();
    for alarm in days.iter().flat_map(|one| &one.alarms) {
        counts.entry(&alarm.word).or_default()[alarm.cause] += 1;
    }
    let mut table = head("lookout said");
    for (word, counts) in &counts {
        table += &row(word, counts);
    }
    if counts.is_empty() {
        table += &row("nothing", &[0; CAUSES.len()]);
    }
    table
}

pub(crate) fn others(days: &[Days]) -> String {
    let mut table = head("opened");
    for (index, name) in NAMES.iter().enumerate() {
        for (place, where_) in ["in lookout's place", "in the callers' place"].iter().enumerate() {
            let mut counts = [0; CAUSES.len()];
            for one in days {
                for (sum, count) in counts.iter_mut().zip(&one.others[index][place]) {
                    *sum += count;
                }
            }
            table += &row(&format!("{name}, {where_}"), &counts);
        }
    }
    table
}

fn head(first: &str) -> String {
    let columns = CAUSES.join(" | ");
    let rule = "---|".repeat(CAUSES.len());
    format!("| {first} | all | without blindness | {columns} |\n|---|---|---|{rule}\n")
}

fn row(name: &str, counts: &[u64; CAUSES.len()]) -> String {
    let all: u64 = counts.iter().sum();
    let seeing: u64 = counts[..BLIND].iter().sum();
    let each: Vec<String> = counts.iter().map(u64::to_string).collect();
    format!("| {name} | {all} | {seeing} | {} |\n", each.join(" | "))
}

/// One by one, so that a failing run can be looked into.
pub(crate) fn list(days: &[Days]) -> String {
    let mut lines = String::new();
    for (platform, one) in days.iter().enumerate() {
        for alarm in &one.alarms {
            let at = alarm.at as f64 / 1e6;
            lines += &format!(
                "platform {platform}, {at:.1} s, service {} ({}/s): {}; {}\n",
                alarm.service, alarm.rate, alarm.word, CAUSES[alarm.cause]
            );
        }
    }
    lines
}

/// Alarms whose words begin so.
pub(crate) fn count(days: &[Days], prefix: &str) -> usize {
    days.iter().flat_map(|one| &one.alarms).filter(|alarm| alarm.word.starts_with(prefix)).count()
}

pub(crate) fn count_at(days: &[Days], prefix: &str, cause: &str) -> usize {
    let alarms = days.iter().flat_map(|one| &one.alarms);
    alarms
        .filter(|one| one.word.starts_with(prefix) && CAUSES[one.cause].starts_with(cause))
        .count()
}
