//! lookout's configuration in the demo: the defaults, but for what is listed here.
//!
//! The judgement is the default one, or the demo would show another program. The two exceptions
//! carry their reason, and the demo says them at its start.

/// One setting that differs from its default.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key, as in the configuration file.
    pub key: &'static str,
    /// Its value, as on the command line.
    pub value: &'static str,
    /// Why the demo judges differently; `None` for what is no judgement.
    pub because: Option<&'static str>,
}

/// The cluster's name: lookout publishes below `system/demo/`.
pub const CLUSTER: &str = "demo";

/// The settings; the broker's address comes beside them.
pub const SETTINGS: [Setting; 8] = [
    plain("cluster", CLUSTER),
    plain("id", "demo"),
    plain("broker.backoff_max", "2s"),
    plain("log.level", "error"),
    plain("dependencies.OrderService", r#"["UserManagement"]"#),
    plain("dependencies.Billing", r#"["UserManagement"]"#),
    Setting {
        key: "circuit.open_timeout",
        value: "10s",
        because: Some("the default is 30s; so the script fits into a minute and a half"),
    },
    Setting {
        key: "verdict.flap_changes",
        value: "64",
        because: Some("the default is 6; the script breaks the same services again and again"),
    },
];

const fn plain(key: &'static str, value: &'static str) -> Setting {
    Setting { key, value, because: None }
}
