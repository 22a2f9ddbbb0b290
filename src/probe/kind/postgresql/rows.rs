//! Rows as the simple protocol gives them: texts by the name of their column.

use std::collections::BTreeMap;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// Rows that are read of an answer.
const ROWS: usize = 100;
/// Characters of a text.
const LONGEST: usize = 100;

/// A row; what is null is not in it.
#[derive(Debug, Default)]
pub(super) struct Row(BTreeMap<String, String>);

impl Row {
    /// A text; empty if it is null.
    pub(super) fn text(&self, name: &str) -> String {
        let text = self.0.get(name).map_or("", String::as_str);
        text.chars().take(LONGEST).collect()
    }

    /// Whether it is true.
    pub(super) fn is(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|text| text == "t")
    }

    /// A number, if it is one.
    pub(super) fn known(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.parse::<f64>().ok().filter(|number| number.is_finite())
    }

    /// A number; 0 if it is null.
    pub(super) fn number(&self, name: &str) -> f64 {
        self.known(name).unwrap_or(0.0)
    }
}

/// All rows of an answer, up to a bound.
pub(super) async fn all(client: &Client, question: &str) -> Result<Vec<Row>, Error> {
    let answer = client.simple_query(question).await?;
    let rows = answer.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = |row: tokio_postgres::SimpleQueryRow| {
        let columns = row.columns().iter().enumerate();
        let known = columns.filter_map(|(at, column)| {
            let value = row.try_get(at).ok().flatten()?;
            Some((column.name().to_owned(), value.to_owned()))
        });
        Row(known.collect())
    };
    Ok(rows.take(ROWS).map(row).collect())
}

/// The first row of an answer; an empty one if there is none.
pub(super) async fn first(client: &Client, question: &str) -> Result<Row, Error> {
    Ok(all(client, question).await?.into_iter().next().unwrap_or_default())
}
