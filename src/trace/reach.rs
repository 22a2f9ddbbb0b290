//! Whether the collector can be reached, for `lookout doctor`: a request without spans tells, and adds
//! nothing.

use super::post::{Post, Said};
use crate::clock::Clock;
use crate::config::Config;
use bytes::Bytes;

/// Who the collector is, without what may be secret in its address, and whether it takes spans or what is
/// wrong; `None` if there are to be no traces.
pub async fn reach(config: &Config) -> Option<(String, Result<(), String>)> {
    let collector = config.trace.collector.as_ref()?;
    Some(match Post::new(collector, Clock::start()) {
        Err(error) => (String::new(), Err(format!("{error:#}"))),
        Ok(post) => {
            // No spans are no bytes.
            let said = match post.send(Bytes::new()).await {
                Said::Took(..) => Ok(()),
                Said::Later(why, _) | Said::Never(_, why) => Err(collector.hide(&why)),
            };
            (post.host(), said)
        }
    })
}
