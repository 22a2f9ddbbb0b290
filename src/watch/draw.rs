//! The state on a screen: the platform in a line, services by urgency, what happened.
//!
//! Colour never says anything alone, so a terminal without colours shows the same. What does not fit is
//! left out from the right and from below.

use super::state::{Filter, Row, State};
use crate::observer::Instant;
use crate::wire::line::tame;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Cell, Clear, Paragraph, Row as TableRow, Table, TableState, Wrap};

/// Narrower than this, columns are left out.
const WIDE: u16 = 100;

const KEYS: &str = "\
j k, arrows   next and previous service
PgUp, PgDn    ten at once
Tab           move among what lookout said, and back
Enter         one service and its events
Esc           back
/             search by name
f             all, not well, open circuits
a             an emergency was seen
q, Ctrl-C     quit";

/// With colours, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// With colours.
    Colour,
    /// Without: bold and reversed only.
    Plain,
}

impl Palette {
    fn colour(self, colour: Color) -> Style {
        match self {
            Self::Colour => Style::new().fg(colour),
            Self::Plain => Style::new(),
        }
    }

    fn urgency(self, urgency: u8) -> Style {
        match urgency {
            0 => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            1 => self.colour(Color::Yellow).add_modifier(Modifier::BOLD),
            2 => self.colour(Color::Yellow),
            3 => self.colour(Color::Blue),
            _ => Style::new(),
        }
    }

    fn alarm(self) -> Style {
        match self {
            Self::Colour => {
                Style::new().fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD)
            }
            Self::Plain => Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
        }
    }
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &State, cluster: &str, now: Instant, palette: Palette) {
    let doubt = state.doubt(now);
    let notes = u16::from(doubt.is_some()) + u16::from(!state.emergencies.is_empty());
    let feed = (frame.area().height / 3).clamp(4, 14);
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(notes),
        Constraint::Min(3),
        Constraint::Length(feed),
        Constraint::Length(1),
    ]);
    let [top, noted, middle, below, last] = areas.areas(frame.area());
    frame.render_widget(headline(state, cluster, palette, top.width >= WIDE), top);
    frame.render_widget(notices(state, doubt, palette), noted);
    match state.shown().get(state.selected()) {
        Some((name, row)) if state.is_alone => alone(frame, middle, name, row, now, palette),
        _ => services(frame, middle, state, now, palette),
    }
    let subject =
        state.shown().get(state.selected()).filter(|_| state.is_alone).map(|it| it.0.to_owned());
    frame.render_widget(happenings(state, subject.as_deref(), palette), below);
    frame.render_widget(foot(state), last);
    if state.has_help {
        help(frame);
    }
}

/// The platform in a line. Where there is little room, what is well is left out if anything is not.
fn headline<'s>(state: &State, cluster: &str, palette: Palette, wide: bool) -> Line<'s> {
    let name = format!(" {cluster}  ");
    let Some((health, _)) = &state.health else { return Line::from(name) };
    let services = &health.services;
    let urgency = match (services.unavailable, services.degraded) {
        (1.., _) => 0,
        _ if health.components.unhealthy > 0 => 0,
        (_, 1..) => 1,
        _ if health.status != "healthy" => 2,
        _ => 4,
    };
    let mut parts = Vec::new();
    let bad = services.unavailable + services.degraded > 0;
    for (count, what, matters) in [
        (services.unavailable, "unavailable", true),
        (services.degraded, "degraded", true),
        (services.unknown, "unknown", wide || !bad),
        (services.healthy, "healthy", wide || !bad),
    ] {
        if count > 0 && matters {
            parts.push(format!("{count} {what}"));
        }
    }
    let well = urgency == 4 && services.healthy > 0;
    let says = if well { "all well: ".to_owned() } else { format!("{}: ", tame(&health.status)) };
    let mut line = format!("{says}{}", parts.join(", "));
    let components =
        [(health.components.unhealthy, "failing"), (health.components.degraded, "with a warning")];
    for (count, how) in components.into_iter().filter(|(count, _)| *count > 0) {
        line.push_str(&format!("; components {how}: {count}"));
    }
    if health.open_circuits > 0 {
        let what = if wide { "circuits not closed" } else { "circuits" };
        line.push_str(&format!("; {what}: {}", health.open_circuits));
    }
    if health.open_incidents > 0 {
        line.push_str(&format!("; incidents: {}", health.open_incidents));
    }
    let style = palette.urgency(urgency).add_modifier(Modifier::BOLD);
    Line::from(vec![Span::raw(name), Span::styled(line, style)])
}

fn notices<'s>(state: &State, doubt: Option<String>, palette: Palette) -> Text<'s> {
    let mut lines = Vec::new();
    if let Some(line) = state.emergencies.values().next() {
        let more = state.emergencies.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let (time, rest) = timed(line);
        lines.push(Line::styled(format!(" {time} {rest}{more}"), palette.alarm()));
    }
    if let Some(doubt) = doubt {
        lines.push(Line::styled(format!(" {doubt}"), palette.urgency(1)));
    }
    Text::from(lines)
}

const fn sign(urgency: u8) -> &'static str {
    match urgency {
        0 => "x",
        1 | 2 => "!",
        3 => "?",
        _ => " ",
    }
}

fn length(now: Instant, since: Option<Instant>) -> String {
    let Some(since) = since else { return String::new() };
    let secs = now.since(since).micros() / 1_000_000;
    match secs {
        0..60 => format!("{secs}s"),
        60..3600 => format!("{}m{:02}s", secs / 60, secs % 60),
        3600..86400 => format!("{}h{:02}m", secs / 3600, secs % 3600 / 60),
        _ => format!("{}d{:02}h", secs / 86400, secs % 86400 / 3600),
    }
}

fn circuit(row: &Row, now: Instant) -> String {
    let state = tame(&row.verdict.circuit).replace('_', "-");
    match row.retry_after.filter(|_| state == "open") {
        Some(at) if at > now => format!("{state}, in {}", length(at, Some(now))),
        // That callers may call needs no word.
        _ if state == "closed" => String::new(),
        _ => state,
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or(String::new(), |share| format!("{:.1}%", share * 100.0))
}

fn millis(millis: Option<f64>) -> String {
    match millis {
        None => String::new(),
        Some(millis) if millis >= 1000.0 => format!("{:.1}s", millis / 1000.0),
        Some(millis) => format!("{millis:.0}ms"),
    }
}

fn why(row: &Row) -> String {
    let reason = row.verdict.reason.as_deref().map(|reason| tame(reason).replace('_', " "));
    let verdict = tame(&row.verdict.verdict);
    reason.map_or(verdict.clone(), |reason| format!("{verdict}: {reason}"))
}

fn services(frame: &mut Frame<'_>, area: Rect, state: &State, now: Instant, palette: Palette) {
    let wide = area.width >= WIDE;
    let shown = state.shown();
    let rows = shown.iter().map(|(name, row)| {
        let urgency = row.urgency();
        let mut cells = vec![
            sign(urgency).to_owned(),
            tame(name),
            why(row),
            length(now, row.since),
            circuit(row, now),
            percent(row.verdict.response_rate),
        ];
        if wide {
            cells.push(percent(row.verdict.failure_rate));
            cells.push(millis(row.verdict.p95_ms));
        }
        TableRow::new(cells.into_iter().map(Cell::from)).style(palette.urgency(urgency))
    });
    let mut widths = vec![
        Constraint::Length(1),
        Constraint::Fill(3),
        Constraint::Fill(4),
        Constraint::Length(6),
        Constraint::Length(13),
        Constraint::Length(8),
    ];
    let mut names = vec!["", "service", "reads", "since", "circuit", "answered"];
    if wide {
        widths.extend([Constraint::Length(7), Constraint::Length(7)]);
        names.extend(["failing", "p95"]);
    }
    let all = state.rows.len();
    let title = match (shown.len(), state.filter) {
        (count, Filter::All) if count == all => format!(" {all} services "),
        (count, filter) => format!(" {count} of {all} services, {} ", filter.name()),
    };
    let head = TableRow::new(names).style(Style::new().add_modifier(Modifier::DIM));
    let table = Table::new(rows, widths)
        .header(head)
        .block(Block::bordered().title(title))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut pointed = TableState::default().with_selected(Some(state.selected()));
    frame.render_stateful_widget(table, area, &mut pointed);
}

fn alone(frame: &mut Frame<'_>, area: Rect, name: &str, row: &Row, now: Instant, palette: Palette) {
    let verdict = &row.verdict;
    let fact = |name: &'static str, value: String| {
        let value = if value.is_empty() { "-".to_owned() } else { value };
        Line::from(vec![
            Span::styled(format!(" {name:<10}"), Style::new().add_modifier(Modifier::DIM)),
            Span::raw(value),
        ])
    };
    let lines = vec![
        Line::styled(format!(" {}", why(row)), palette.urgency(row.urgency())),
        fact("for", length(now, row.since)),
        fact("circuit", circuit(row, now)),
        fact("answered", percent(verdict.response_rate)),
        fact("failing", percent(verdict.failure_rate)),
        fact("p95", millis(verdict.p95_ms)),
        fact("incident", verdict.correlation_id.as_deref().map(tame).unwrap_or_default()),
    ];
    let block = Block::bordered().title(format!(" {} ", tame(name)));
    frame.render_widget(Paragraph::new(lines).block(block).wrap(Wrap { trim: false }), area);
}

fn happenings<'s>(state: &State, subject: Option<&str>, palette: Palette) -> Paragraph<'s> {
    let wanted =
        state.feed.iter().filter(|it| subject.is_none_or(|subject| tame(subject) == it.subject));
    let lines: Vec<_> = wanted
        .skip(state.passed.unwrap_or(0))
        .take(100)
        .map(|it| {
            let urgency = match (it.kind.as_str(), it.state.as_str()) {
                ("service_unavailable" | "infrastructure_error", _) => 0,
                ("service_recovered" | "infrastructure_recovered", _) | (_, "closed") => 4,
                _ => 2,
            };
            let (time, rest) = timed(&it.line);
            Line::styled(format!(" {time} {rest}"), palette.urgency(urgency))
        })
        .collect();
    let title = match state.passed {
        Some(passed) => format!(" what lookout said, {passed} passed over; Tab goes back "),
        None => " what lookout said ".to_owned(),
    };
    Paragraph::new(lines).block(Block::bordered().title(title))
}

/// The time of day of a line, and what it says. The day is today's, nearly always.
fn timed(line: &str) -> (&str, &str) {
    let (time, rest) = line.split_once(' ').unwrap_or(("", line));
    (time.get(11..19).unwrap_or(time), rest)
}

fn foot<'s>(state: &State) -> Line<'s> {
    if state.is_searching || !state.search.is_empty() {
        let cursor = if state.is_searching { "_" } else { "" };
        return Line::from(format!(" /{}{cursor}", tame(&state.search)));
    }
    let there: Vec<_> =
        state.observers.iter().filter(|(_, online)| **online).map(|(id, _)| id.as_str()).collect();
    let who = if there.is_empty() { "no lookout".to_owned() } else { there.join(", ") };
    Line::styled(
        format!(" {who} | / search  f filter: {}  Enter one  ? keys  q quit", state.filter.name()),
        Style::new().add_modifier(Modifier::DIM),
    )
}

fn help(frame: &mut Frame<'_>) {
    let whole = frame.area();
    let (width, height) = (54.min(whole.width), 11.min(whole.height));
    let area = Rect { x: (whole.width - width) / 2, y: (whole.height - height) / 2, width, height };
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(KEYS).block(Block::bordered().title(" keys ")), area);
}
