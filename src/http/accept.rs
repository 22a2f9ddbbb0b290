//! In which form a page of metrics is wanted: the header `Accept`.
//!
//! OpenMetrics is for those who name it and rank it no lower than plain text; everybody else gets the
//! text format. What cannot be read of the header is as if it were not there: a page in the usual form
//! is better than none.

use crate::telemetry::Format;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

const OPEN: &str = "application/openmetrics-text";
const PLAIN: &str = "text/plain";

/// The form that is wanted.
pub(super) fn format(headers: &HeaderMap) -> Format {
    let (mut open, mut plain) = (0, 0);
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let (mut version, mut rank) = ("", Some(1_000));
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("q") {
                rank = thousandths(value);
            } else if name.eq_ignore_ascii_case("version") {
                version = value;
            }
        }
        let Some(rank) = rank else { continue };
        if kind.eq_ignore_ascii_case(OPEN) && matches!(version, "" | "1.0.0") {
            open = open.max(rank);
        } else if kind.eq_ignore_ascii_case(PLAIN) && matches!(version, "" | "0.0.4") {
            plain = plain.max(rank);
        }
    }
    if open > 0 && open >= plain { Format::OpenMetrics } else { Format::Text }
}

/// A rank from 0 to 1 in thousandths; it has at most three digits behind the point.
fn thousandths(rank: &str) -> Option<u16> {
    let (whole, rest) = rank.split_once('.').unwrap_or((rank, ""));
    if !matches!(whole, "0" | "1") || rest.len() > 3 || !rest.bytes().all(|it| it.is_ascii_digit())
    {
        return None;
    }
    let rank: u16 = format!("{whole}{rest:0<3}").parse().ok()?;
    (rank <= 1_000).then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn openmetrics_is_for_those_who_name_it() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,\
            application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,\
            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1";
        for (accept, wanted) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("application/*", Format::Text),
            ("text/html, */*;q=0.8", Format::Text),
            (prometheus_2, Format::OpenMetrics),
            (prometheus_3, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\" ; Q=0.001", Format::OpenMetrics),
            ("application/openmetrics-text, text/plain", Format::OpenMetrics),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.5", Format::OpenMetrics),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.501", Format::Text),
            ("application/openmetrics-text;q=0.5, text/plain", Format::Text),
            ("application/openmetrics-text;q=0.000", Format::Text),
            ("application/openmetrics-text;version=0.0.1", Format::Text),
            ("application/openmetrics-text;q=2", Format::Text),
            ("application/openmetrics-text;q=1.001", Format::Text),
            ("application/openmetrics-text;q=0.1234", Format::Text),
            ("application/openmetrics-text;q=+0.5", Format::Text),
            (";;;,=,;q", Format::Text),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a value"));
            assert_eq!(format(&headers), wanted, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn several_headers_are_one_and_what_is_no_text_is_passed_over() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, HeaderValue::from_bytes(b"\xff").expect("a value"));
        headers.append(ACCEPT, HeaderValue::from_static("text/plain;q=0.5"));
        headers.append(ACCEPT, HeaderValue::from_static(OPEN));
        assert_eq!(format(&headers), Format::OpenMetrics);
    }
}
