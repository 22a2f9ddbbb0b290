//! Topic filters of subscriptions: which of them hear a topic, and how to ask EMQX for those.
//!
//! EMQX takes the filter of a subscription for the name of a topic and matches that with the filter
//! it is given (`emqx_topic:match/2`): `match_topic=service/+` finds subscriptions to `service/A`,
//! `service/+` and `service/#`, but neither `#` nor `+/A`. Every subscription to a topic of `n` levels
//! has up to `n` levels, or one more that is `#`; and either one of its levels is as in the topic,
//! or all of them are wildcards. So for each length there is a question for each level of the topic
//! with wildcards around it, and one for the filter that is nothing but wildcards. Where a level of the
//! topic may be anything, so may that of the subscription, and all of that length are asked for.
//!
//! What is missed is a shared subscription (`$share/…`) to nothing but wildcards of two or more levels.

/// A question to EMQX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The subscriptions whose filters match this one (`match_topic`).
    Matching(String),
    /// The subscriptions to exactly this filter (`topic`).
    Exactly(String),
}

/// Topics with more levels than this are not asked for: each level is a question or more.
pub(super) const MOST_LEVELS: usize = 8;

/// The questions whose answers hold every subscription that may hear a topic, in which `+` stands
/// for any level; the likeliest first.
pub(super) fn questions(topic: &str) -> Vec<Question> {
    let levels: Vec<&str> = topic.split('/').collect();
    let mut all = vec![Question::Matching(topic.to_owned())];
    for length in 1..=levels.len() + 1 {
        let wild = vec!["+"; length];
        let fixed = levels.get(..length).unwrap_or(&levels);
        // There are few filters of one level, so that shared ones can be asked for as well.
        if length == 1 || fixed.contains(&"+") {
            all.push(Question::Matching(wild.join("/")));
            continue;
        }
        for (at, level) in fixed.iter().enumerate() {
            let mut pattern = wild.clone();
            if let Some(place) = pattern.get_mut(at) {
                *place = level;
            }
            all.push(Question::Matching(pattern.join("/")));
        }
        if length == levels.len() {
            all.push(Question::Exactly(wild.join("/")));
        }
        let mut open = wild;
        if let Some(last) = open.last_mut() {
            *last = "#";
        }
        all.push(Question::Exactly(open.join("/")));
    }
    all.dedup();
    all
}

/// Whether a subscription, as EMQX shows it, may hear a topic in which `+` stands for any level.
pub(super) fn hears(subscription: &str, topic: &str) -> bool {
    let filter = match subscription.split_once('/') {
        Some(("$share", rest)) => rest.split_once('/').map_or("", |(_, filter)| filter),
        Some(("$queue" | "$exclusive", filter)) => filter,
        _ => subscription,
    };
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut rest = topic.split('/');
    for level in filter.split('/') {
        match (level, rest.next()) {
            ("#", _) => return true,
            ("+", Some(_)) | (_, Some("+")) => {}
            (text, Some(part)) if text == part => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_hears_what_mqtt_says_it_does() {
        for (subscription, topic, wanted) in [
            ("service/A", "service/A", true),
            ("service/B", "service/A", false),
            ("service/+", "service/A", true),
            ("service/#", "service/A", true),
            ("service/A/#", "service/A", true),
            ("#", "service/A", true),
            ("+/A", "service/A", true),
            ("+", "service/A", false),
            ("service/A/+", "service/A", false),
            ("$share/workers/service/A", "service/A", true),
            ("$share/workers/service/B", "service/A", false),
            ("$queue/service/A", "service/A", true),
            ("$exclusive/service/A", "service/A", true),
            ("$share/workers", "service/A", false),
            ("rpc/lamp/A/on", "rpc/+/A/+", true),
            ("rpc/lamp/B/on", "rpc/+/A/+", false),
            ("#", "$SYS/A", false),
        ] {
            assert_eq!(hears(subscription, topic), wanted, "{subscription} hears {topic}");
        }
    }

    /// As EMQX matches: the filter of the subscription is taken for a name.
    fn emqx_matches(name: &str, filter: &str) -> bool {
        let mut rest = name.split('/');
        for level in filter.split('/') {
            match (level, rest.next()) {
                ("#", _) => return true,
                ("+", Some(_)) => {}
                (text, Some(part)) if text == part => {}
                _ => return false,
            }
        }
        rest.next().is_none()
    }

    /// Every filter of up to `length` levels made of these words, `#` at the end only.
    fn filters(words: &[&str], length: usize) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut longest: Vec<String> = vec![String::new()];
        for _ in 0..length {
            let open = longest.iter().filter(|it| !it.ends_with('#'));
            let with = |prefix: &String, word: &&str| match prefix.as_str() {
                "" => (*word).to_owned(),
                prefix => format!("{prefix}/{word}"),
            };
            longest = open
                .flat_map(|it| words.iter().map(|word| with(it, word)).collect::<Vec<_>>())
                .collect();
            all.extend(longest.iter().cloned());
        }
        all
    }

    #[test]
    fn no_subscription_that_hears_a_topic_escapes_the_questions() {
        for (topic, words) in
            [("s/A", &["s", "A", "x", "+", "#"][..]), ("r/+/A", &["r", "A", "x", "+", "#"][..])]
        {
            let asked = questions(topic);
            let finds = |filter: &String| {
                asked.iter().any(|question| match question {
                    Question::Matching(pattern) => emqx_matches(filter, pattern),
                    Question::Exactly(exact) => filter == exact,
                })
            };
            let all = filters(words, 4);
            let hearing: Vec<_> = all.iter().filter(|filter| hears(filter, topic)).collect();
            assert!(hearing.len() > 10, "{}", hearing.len());
            for filter in hearing {
                assert!(finds(filter), "{filter} hears {topic}, but is not among {asked:?}");
            }
        }
    }

    #[test]
    fn there_are_few_questions() {
        assert_eq!(questions("service/A").len(), 9);
        assert_eq!(questions("service/A").first(), Some(&Question::Matching("service/A".into())));
    }
}
