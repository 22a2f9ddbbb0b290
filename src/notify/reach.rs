//! Whether those who are told of alerts can be reached, for `lookout doctor`. Nobody is told anything.

use crate::config::Config;
use crate::post::Way;
use futures_util::future::join_all;

/// How somebody is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Who, without what may be secret in the address.
    pub who: String,
    /// What was found, or what is wrong.
    pub found: Result<String, String>,
}

/// Looks whether all of them are there, side by side.
pub async fn reach(config: &Config) -> Vec<Reached> {
    let alertmanagers = config.alertmanagers.iter().map(|it| async {
        let asked = match Way::new(it.door.clone()) {
            Ok(way) => (way.host(), way.ask("/-/ready").await),
            Err(error) => (String::new(), Err(format!("{error:#}"))),
        };
        let (host, asked) = asked;
        let found = asked.and_then(|status| {
            if status.is_success() { Ok("ready".to_owned()) } else { Err(status.to_string()) }
        });
        Reached { who: format!("alertmanager {host}"), found }
    });
    let webhooks = config.webhooks.iter().map(|it| async {
        let asked = match Way::new(it.door.clone()) {
            Ok(way) => (way.host(), way.knock().await),
            Err(error) => (String::new(), Err(format!("{error:#}"))),
        };
        let (host, asked) = asked;
        // Whether it takes a notification only a notification can tell.
        let found =
            asked.map(|_| "answers; whether it takes notifications was not tried".to_owned());
        Reached { who: format!("webhook {} {host}", it.name), found }
    });
    let (mut all, webhooks) =
        futures_util::future::join(join_all(alertmanagers), join_all(webhooks)).await;
    all.extend(webhooks);
    all
}
