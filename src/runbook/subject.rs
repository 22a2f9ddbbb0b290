//! What a runbook is wanted for.

/// What an alert or an event is about; texts that are empty or `None` are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The alert, such as `LookoutServiceUnavailable`.
    pub alert: &'a str,
    /// The kind of event, as on the wire: `service_unavailable`.
    pub event: &'a str,
    /// Why: a reason of a verdict, a cause of a circuit, a step of a remedy.
    pub reason: Option<&'a str>,
    /// The component's name.
    pub component: Option<&'a str>,
    /// What kind of component.
    pub kind: Option<&'a str>,
    /// info, warning, error, critical or emergency.
    pub severity: &'a str,
    /// The service's name.
    pub service: Option<&'a str>,
    /// The platform that is observed.
    pub cluster: &'a str,
    /// The service's call topic.
    pub topic: Option<&'a str>,
    /// The incident's id.
    pub incident: Option<&'a str>,
}

/// The placeholders that a subject fills, in order of their names.
pub const PLACEHOLDERS: [&str; 9] =
    ["alert", "cluster", "component", "incident", "kind", "reason", "service", "severity", "topic"];

impl<'a> Subject<'a> {
    /// What stands for a placeholder; `None` where it is not known.
    pub fn value(&self, placeholder: &str) -> Option<&'a str> {
        let value = match placeholder {
            "alert" => Some(self.alert),
            "cluster" => Some(self.cluster),
            "component" => self.component,
            // No placeholder, but what a runbook can be for.
            "event" => Some(self.event),
            "incident" => self.incident,
            "kind" => self.kind,
            "reason" => self.reason,
            "service" => self.service,
            "severity" => Some(self.severity),
            "topic" => self.topic,
            _ => None,
        };
        value.filter(|value| !value.is_empty())
    }
}
