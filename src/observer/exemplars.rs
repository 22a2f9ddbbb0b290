//! For each class of a service's reply times the last call that is told in a trace.
//!
//! A histogram says that some calls are slow; a trace shows why one of them was. The classes are
//! those in which the metrics count, so that each finds its calls. A service costs a pointer until
//! one of its calls is told in a trace, and then some 700 bytes, however many there are.

use super::time::{Instant, Span};
use super::trace::{SpanId, TraceId};

/// The upper bounds of the classes: those that OpenTelemetry advises for
/// `rpc.server.call.duration`. The last class has none.
pub const BOUNDS: [Span; 14] = [
    Span::from_millis(5),
    Span::from_millis(10),
    Span::from_millis(25),
    Span::from_millis(50),
    Span::from_millis(75),
    Span::from_millis(100),
    Span::from_millis(250),
    Span::from_millis(500),
    Span::from_millis(750),
    Span::from_millis(1_000),
    Span::from_millis(2_500),
    Span::from_millis(5_000),
    Span::from_millis(7_500),
    Span::from_millis(10_000),
];

/// The class that a reply time falls into; that beyond all bounds is the last.
pub fn class(took: Span) -> usize {
    BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len())
}

/// A call that is told in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemplar {
    /// When it was answered.
    pub at: Instant,
    /// How long that took.
    pub took: Span,
    /// The trace.
    pub trace: TraceId,
    /// Its span there: that of its caller's side.
    pub span: SpanId,
}

/// The last call of each class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemplars([Option<Exemplar>; BOUNDS.len() + 1]);

impl Exemplars {
    /// A call was answered, and is told in a trace.
    pub fn note(&mut self, at: Instant, took: Span, trace: TraceId, span: SpanId) {
        if let Some(last) = self.0.get_mut(class(took)) {
            *last = Some(Exemplar { at, took, trace, span });
        }
    }

    /// The last call of a class.
    pub fn of(&self, class: usize) -> Option<&Exemplar> {
        self.0.get(class)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_keeps_its_last_call() {
        let mut exemplars = Exemplars::default();
        let calls: [(u64, u64); 5] = [(1, 4_000), (2, 5_000), (3, 5_001), (4, 10_000_001), (5, 1)];
        for (number, micros) in calls {
            let (trace, span) = (TraceId::of(number.into()), SpanId::of(number));
            exemplars.note(Instant::from_micros(number), Span::from_micros(micros), trace, span);
        }
        let kept: Vec<_> = (0..=BOUNDS.len())
            .filter_map(|class| Some((class, exemplars.of(class)?.span.0.get())))
            .collect();
        assert_eq!(kept, [(0, 5), (1, 3), (14, 4)], "a bound belongs to the class below it");
        assert_eq!(exemplars.of(15), None);
        assert!(size_of::<Exemplars>() <= 768, "{}", size_of::<Exemplars>());
    }

    #[test]
    fn classes_are_in_order() {
        assert!(BOUNDS.is_sorted());
        assert_eq!(class(Span::ZERO), 0);
        assert_eq!(class(Span::from_secs(600)), BOUNDS.len());
    }
}
