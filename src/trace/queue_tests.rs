//! The queue without a collector: what fits, what is dropped, and who wakes whom.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::observer::call::Outcome;
use crate::observer::errors::Code;
use crate::observer::trace::End;
use crate::trace::sample::call;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn bounds(calls: usize, batch: usize) -> Bounds {
    Bounds { calls, batch, server_spans: true }
}

fn answered() -> Traced {
    call(End::Answered(Outcome::Ok, Code::None))
}

fn kept() -> Traced {
    Traced { kept: true, ..call(End::Unanswered { worked: false }) }
}

/// Whether a future is ready at once.
fn is_ready(future: impl Future<Output = ()>) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

#[test]
fn batches_are_full_by_spans_and_what_is_left_can_be_taken() {
    let (tracer, queue) = queue(bounds(1_000, 10));
    tracer.tell_all((0..7).map(|_| answered()));
    assert!(is_ready(queue.filled()) && !is_ready(queue.filled()), "there is a full batch");
    assert_eq!(tracer.figures().waiting, 7);
    assert_eq!(queue.take_full().unwrap().len(), 5, "two spans each");
    assert!(queue.take_full().is_none());
    assert_eq!(queue.take().unwrap().len(), 2);
    assert!(queue.take().is_none());
    tracer.tell_all((0..10).map(|_| call(End::OneWay)));
    assert_eq!(queue.take_full().unwrap().len(), 9, "never more than a batch with the next");
    assert_eq!(tracer.figures().waiting, 1);
}

#[test]
fn nobody_is_woken_for_nothing_and_once_for_many() {
    let (tracer, queue) = queue(bounds(1_000, 10));
    tracer.tell_all([]);
    tracer.tell_all((0..4).map(|_| answered()));
    assert!(!is_ready(queue.filled()), "what is not full is looked for in time");
    tracer.tell_all((0..12).map(|_| answered()));
    assert!(is_ready(queue.filled()) && !is_ready(queue.filled()));
    let taken: Vec<_> = std::iter::from_fn(|| queue.take_full()).map(|it| it.len()).collect();
    assert_eq!(taken, [5, 5, 5], "all of them are there then");
    assert_eq!(tracer.figures().waiting, 1);
}

#[test]
fn one_span_can_be_a_batch() {
    let (tracer, queue) = queue(bounds(1_000, 1));
    tracer.tell_all([answered()]);
    tracer.tell_all([call(End::OneWay)]);
    assert_eq!([queue.take_full().unwrap().len(), queue.take_full().unwrap().len()], [1, 1]);
}

#[test]
fn the_last_quarter_is_for_what_is_kept() {
    let (tracer, queue) = queue(bounds(1_000, 100));
    tracer.tell_all((0..1_000).map(|_| answered()));
    let figures = tracer.figures();
    assert_eq!((figures.waiting, figures.dropped), (750, [500, 0, 0, 0]), "spans, two a call");
    tracer.tell_all((0..300).map(|_| kept()));
    let figures = tracer.figures();
    assert_eq!((figures.waiting, figures.dropped), (1_000, [550, 0, 0, 0]));
    let mut taken = Vec::new();
    while let Some(batch) = queue.take() {
        taken.extend(batch);
    }
    assert_eq!(taken.iter().filter(|it| it.kept).count(), 250);
    assert_eq!((taken.len(), tracer.figures().waiting), (1_000, 0));
    tracer.tell_all([answered()]);
    assert_eq!(tracer.figures().waiting, 1, "there is room again");
}

#[test]
fn the_other_end_sees_that_the_corridor_is_gone_and_still_has_what_was_left() {
    let (tracer, queue) = queue(bounds(1_000, 10));
    tracer.tell_all([answered()]);
    assert!(!is_ready(queue.closed()));
    drop(tracer);
    assert!(is_ready(queue.closed()) && is_ready(queue.clone().closed()));
    queue.give_up();
    assert_eq!(queue.tally().dropped[Loss::Stopped as usize].load(Ordering::Relaxed), 2);
    assert!(queue.take().is_none());
}

#[test]
fn a_flood_from_one_thread_reaches_another_whole() {
    let (tracer, queue) = queue(bounds(1_000_000, 64));
    let taker = std::thread::spawn(move || {
        let mut taken = 0;
        while taken < 100_000 {
            taken += queue.take().map_or(0, |batch| batch.len());
            std::thread::yield_now();
        }
        taken
    });
    for _ in 0..1_000 {
        tracer.tell_all((0..100).map(|_| kept()));
    }
    assert_eq!(taker.join().unwrap(), 100_000);
    assert_eq!(tracer.figures(), TraceFigures::default());
}
