//! Which topics mean what: the compiled form of `[traffic]`.
//! (interface first; the body follows)

/// `[traffic]` as it was written: templates and filters still in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficSpec {
    /// The cluster, which names `system/{cluster}/#`.
    pub cluster: String,
    /// lookout's own id, which marks its direct answers.
    pub observer_id: String,
    /// Filters of topics to ignore.
    pub ignore: Vec<String>,
    /// Templates of activity topics.
    pub activity: Vec<String>,
    /// Templates of security topics.
    pub security: Vec<String>,
    /// The pairs; the first match in order wins.
    pub pairs: Vec<PairSpec>,
    /// Largest payload that is read, in bytes.
    pub max_payload: usize,
}

/// One `[[traffic.pair]]` as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairSpec {
    /// Its name.
    pub name: String,
    /// Template of the call topics.
    pub call: String,
    /// Template of the reply topics.
    pub reply: String,
    /// What composes the service's name, if not the capture `{service}`.
    pub service: Option<String>,
}

/// What is wrong with a template or filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, such as `traffic.pair[0].call`.
    pub key: String,
    /// What was found, as written.
    pub found: String,
    /// What is allowed, or what is wrong with it.
    pub problem: String,
}

/// The compiled traffic rules.
#[derive(Clone, Debug)]
pub struct Traffic {}

impl Traffic {
    /// Compiles the templates; every mistake is reported, not only the first.
    pub fn new(_spec: &TrafficSpec) -> Result<Self, Vec<Mistake>> {
        Ok(Self {})
    }

    /// The MQTT filters to subscribe to, each once.
    pub fn filters(&self) -> Vec<String> {
        Vec::new()
    }
}
