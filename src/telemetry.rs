//! lookout's metrics: what they are called, and what they are now.
//!
//! They are a page that is written from a snapshot when somebody asks for it. Their one list is
//! [`metrics`], and a metric is on it if, and only if, [`page`] can write it.

mod exposition;
mod figures;
mod ground;
mod observed;
mod openmetrics;
mod own;
mod platform;
mod reference;
mod security;

pub use exposition::{Format, Kind, Metric, Sample};
pub use figures::{Figures, LinkFigures, Looks, NoticeFigures, PageFigures, TraceFigures};
pub use reference::reference;

use crate::observer::Snapshot;
use exposition::Page;

/// Every metric of this program, in the order of the manual.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    [own::METRICS, observed::METRICS, platform::METRICS].into_iter().flatten().copied()
}

/// The page for Prometheus; `pairs` are the names of the traffic pairs.
pub fn page(figures: &Figures, snapshot: &Snapshot, pairs: &[String], format: Format) -> String {
    // What a method takes, roughly; growing a page of megabytes would copy it again and again.
    let methods: usize = snapshot.services.iter().map(|service| service.methods.len()).sum();
    let bytes = 16_384 + 4_096 * snapshot.services.len() + 1_024 * methods;
    let mut page = Page::with_capacity(format, bytes);
    write(&mut page, Some(figures), snapshot, pairs);
    page.finish()
}

/// The same figures to be compared with others: those of the `wanted` metrics. Without lookout's own
/// `figures`, as in a replay, those are not known and have no samples. A histogram has none.
pub fn samples(
    wanted: Vec<&'static str>,
    figures: Option<&Figures>,
    snapshot: &Snapshot,
    pairs: &[String],
) -> Vec<Sample> {
    let mut page = Page::of_samples(wanted);
    write(&mut page, figures, snapshot, pairs);
    page.into_samples()
}

fn write(page: &mut Page, figures: Option<&Figures>, snapshot: &Snapshot, pairs: &[String]) {
    if let Some(figures) = figures {
        own::write(page, figures);
        platform::write_link(page, figures);
    }
    observed::write(page, snapshot, pairs);
    platform::write(page, snapshot);
}

#[cfg(test)]
mod tests;
