//! Advice for people: the most urgent first, what it means, what may help, what it rests on.
//!
//! What is shown comes from an answer over HTTP or from traffic, so members that are missing read as
//! nothing, and what a terminal would obey is escaped.

use crate::wire::line::tame;
use anyhow::Context;
use serde::Deserialize;
use std::fmt::Write;

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Advice {
    at: Option<String>,
    judged: u32,
    too_little: u32,
    troubled: u32,
    left_out: u32,
    findings: Vec<Finding>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Finding {
    kind: String,
    service: String,
    method: Option<String>,
    priority: String,
    from: String,
    hours: f64,
    evidence: Vec<Figure>,
    impact: String,
    suggestion: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Figure {
    name: String,
    value: f64,
    unit: String,
}

/// The advice that is in this JSON, as text.
///
/// # Errors
///
/// If it is no advice.
pub(super) fn show(json: &str) -> anyhow::Result<String> {
    let advice: Advice = serde_json::from_str(json).context("this is no advice")?;
    let mut text = String::new();
    let Some(at) = &advice.at else {
        text.push_str("no advice yet: it is drawn up every five minutes\n");
        return Ok(text);
    };
    let Advice { judged, too_little, troubled, left_out, findings, .. } = &advice;
    let _ = writeln!(
        text,
        "advice as of {} on the day before: {judged} judged, {too_little} with too little traffic, \
         {troubled} in trouble most of the time",
        tame(at)
    );
    if findings.is_empty() {
        text.push_str("nothing to advise\n");
    }
    for (number, finding) in findings.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = one(&mut text, number + 1, finding);
    }
    if *left_out > 0 {
        let _ = writeln!(text, "\nand {left_out} more that are less urgent");
    }
    Ok(text)
}

fn one(text: &mut String, number: usize, finding: &Finding) -> std::fmt::Result {
    let Finding { kind, service, method, priority, from, hours, evidence, impact, suggestion } =
        finding;
    let method = method.as_ref().map_or_else(String::new, |method| format!(", method {method}"));
    let head = format!("{priority} {kind}: {service}{method}");
    writeln!(text, "\n{number}. {}", tame(&head))?;
    writeln!(text, "   {}", tame(impact))?;
    writeln!(text, "   try: {}", tame(suggestion))?;
    let figures: Vec<_> = evidence.iter().map(shown).collect();
    let rests = format!("rests on {hours} h of traffic since {from}: {}", figures.join(", "));
    writeln!(text, "   {}", tame(&rests))
}

/// `failure_rate 5.2 %`
fn shown(Figure { name, value, unit }: &Figure) -> String {
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    match unit.as_str() {
        "share" => format!("{name} {} %", rounded(value * 100.0)),
        "ms" => format!("{name} {} ms", value.round()),
        "per_minute" => format!("{name} {} a minute", rounded(*value)),
        _ => format!("{name} {}", rounded(*value)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list_for_people_and_tame() {
        let json = r#"{"at":"T","judged":2,"tooLittle":1,"troubled":0,"leftOut":3,"findings":[
            {"kind":"slow_replies","service":"A\u001b[2J","method":"m\u202e\n","priority":"high","score":3.1,
             "from":"F","hours":2.5,"impact":"I\u0007","suggestion":"S",
             "evidence":[{"name":"p95","value":6000.4,"unit":"ms"},{"name":"s","value":0.051,"unit":"share"},
                         {"name":"c","value":7,"unit":"count"},{"name":"r","value":61.25,"unit":"per_minute"}]},
            {}]}"#;
        assert_eq!(
            show(json).unwrap(),
            "advice as of T on the day before: 2 judged, 1 with too little traffic, 0 in trouble most of the time\n\
             \n1. high slow_replies: A\\u{1b}[2J, method m\\u{202e}\\n\n   I\\u{7}\n   try: S\n   \
             rests on 2.5 h of traffic since F: p95 6000 ms, s 5.1 %, c 7, r 61.25 a minute\n\
             \n2.  : \n   \n   try: \n   rests on 0 h of traffic since : \n\
             \nand 3 more that are less urgent\n"
        );
        assert_eq!(show("{}").unwrap(), "no advice yet: it is drawn up every five minutes\n");
        let none = show(r#"{"at":"T","findings":[]}"#).unwrap();
        assert!(none.ends_with("nothing to advise\n"), "{none}");
        for other in ["[", "7", r#"{"findings":7}"#] {
            assert!(show(other).is_err(), "{other}");
        }
    }
}
