//! Every setting with the value it has so far: first its default, then what was read over it.
//!
//! Each value alone is in its range, but they are not yet checked against each other; `resolve`
//! does that. The observer's defaults are taken from the observer, so that each number is
//! written once. Deliberately without `Debug`: passwords lie here in the open.

use super::pair::PairDraft;
use super::row::Row;
use crate::observer::{Settings, Span};
use crate::security::policy::Policy;
use crate::security::responses::Responses;
use std::collections::BTreeMap;

/// All settings.
#[derive(Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) cluster: String,
    pub(super) id: Option<String>,
    pub(super) broker: BrokerDraft,
    pub(super) emqx: EmqxDraft,
    pub(super) inbox: u32,
    pub(super) outbox: u32,
    pub(super) traffic: TrafficDraft,
    /// What the observer is told; its `pairs` stay empty until the end.
    pub(super) settings: Settings,
    pub(super) slow_call_duration: Option<Span>,
    pub(super) slow_call_rate: Option<f64>,
    pub(super) envelope: String,
    pub(super) canary: Span,
    pub(super) no_link: Span,
    pub(super) no_canary: Span,
    pub(super) exit_on_quiet: bool,
    pub(super) quiet: Span,
    pub(super) log_format: String,
    pub(super) log_level: String,
    pub(super) listen: String,
    pub(super) token_file: Option<String>,
    pub(super) stop_on_critical: bool,
    pub(super) alerts: AlertsDraft,
    /// The tables of sections whose tables repeat, by section.
    pub(super) rows: BTreeMap<&'static str, Vec<Row>>,
    pub(super) trace: TraceDraft,
    pub(super) security: SecurityDraft,
    pub(super) responses: ResponsesDraft,
    pub(super) runbook_folder: Option<String>,
    /// `name=value` each.
    pub(super) runbook_values: Vec<String>,
    pub(super) replicas: ReplicasDraft,
    pub(super) kubeconfig: Option<String>,
    pub(super) kube_context: Option<String>,
    pub(super) docker_url: String,
    /// What the platform calls a service, by the service's name.
    pub(super) workloads: Vec<(String, String)>,
}

impl Draft {
    /// The tables of a section whose tables repeat.
    pub(super) fn rows(&self, section: &str) -> &[Row] {
        self.rows.get(section).map_or(&[], Vec::as_slice)
    }
}

/// `[alerts]`.
#[derive(Clone, PartialEq)]
pub(super) struct AlertsDraft {
    pub(super) enabled: bool,
    pub(super) every: Span,
    pub(super) clear_for: Span,
    pub(super) repeat_every: Span,
    pub(super) off: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) page_url: Option<String>,
    pub(super) runbook_url: Option<String>,
}

/// `[security]`. What is set here beside the policy takes the place of what stands in it.
#[derive(Clone, PartialEq)]
pub(super) struct SecurityDraft {
    pub(super) policy: Policy,
    pub(super) user: Vec<String>,
    pub(super) address: Vec<String>,
    pub(super) off: Vec<String>,
    pub(super) severities: Vec<String>,
    pub(super) peers: Vec<String>,
    pub(super) bans_every: Span,
    pub(super) bytes_floor: u32,
    pub(super) remembered: u32,
    pub(super) incidents: u32,
}

impl Default for SecurityDraft {
    fn default() -> Self {
        let policy = Policy::default();
        let bound = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        Self {
            user: owned(&["body.userContext.userId", "body.userId", "property.userId"]),
            address: owned(&["body.clientIpAddress", "property.clientIpAddress"]),
            off: Vec::new(),
            severities: Vec::new(),
            peers: owned(&["*"]),
            bans_every: Span::from_secs(30),
            bytes_floor: u32::try_from(policy.bytes_floor).unwrap_or(u32::MAX),
            remembered: bound(policy.remembered),
            incidents: bound(policy.incidents),
            policy,
        }
    }
}

/// `[responses]`. What is set here beside the policy takes the place of what stands in it.
#[derive(Clone, PartialEq)]
pub(super) struct ResponsesDraft {
    pub(super) policy: Responses,
    pub(super) table: Vec<String>,
    pub(super) never_users: Vec<String>,
    pub(super) never_addresses: Vec<String>,
    pub(super) emqx: Vec<String>,
    pub(super) evidence_folder: Option<String>,
}

impl Default for ResponsesDraft {
    fn default() -> Self {
        Self {
            policy: Responses::default(),
            table: Vec::new(),
            never_users: Vec::new(),
            // Whoever is kept from the machine itself may be lookout.
            never_addresses: owned(&["127.0.0.0/8", "::1"]),
            emqx: Vec::new(),
            evidence_folder: None,
        }
    }
}

/// `[trace]`, but for what the observer is told.
#[derive(Clone, PartialEq)]
pub(super) struct TraceDraft {
    pub(super) endpoint: Option<String>,
    pub(super) protocol: String,
    pub(super) headers: Vec<String>,
    pub(super) headers_file: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) token_file: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) timeout: Span,
    pub(super) callers: String,
    pub(super) batch: u32,
    pub(super) every: Span,
    pub(super) requests: u32,
    pub(super) queue: u32,
    pub(super) retry_for: Span,
    pub(super) link: Option<String>,
}

/// `[replicas]`.
#[derive(Clone, PartialEq)]
pub(super) struct ReplicasDraft {
    pub(super) from: String,
    pub(super) namespace: String,
    pub(super) label: Option<String>,
    pub(super) every: Span,
}

/// `[broker]`.
#[derive(Clone, PartialEq)]
pub(super) struct BrokerDraft {
    pub(super) url: Vec<String>,
    pub(super) protocol: String,
    pub(super) client_id: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) server_name: Option<String>,
    pub(super) alpn: Vec<String>,
    pub(super) keep_alive: Span,
    pub(super) connect_timeout: Span,
    pub(super) backoff_min: Span,
    pub(super) backoff_max: Span,
    pub(super) max_packet: u32,
    pub(super) qos: u32,
}

/// `[emqx]`.
#[derive(Clone, PartialEq)]
pub(super) struct EmqxDraft {
    pub(super) url: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) api_secret: Option<String>,
    pub(super) api_secret_file: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) timeout: Span,
    pub(super) look_every: Span,
    pub(super) onlookers: Vec<String>,
}

/// `[traffic]`.
#[derive(Clone, PartialEq)]
pub(super) struct TrafficDraft {
    pub(super) profiles: Vec<String>,
    pub(super) ignore: Vec<String>,
    pub(super) activity: Vec<String>,
    pub(super) security: Vec<String>,
    pub(super) max_payload: u32,
    pub(super) pairs: Vec<PairDraft>,
}

/// The name of the default pair, and of a pair that is given none.
pub(super) const PAIR_NAME: &str = "service-functions";

impl Default for Draft {
    fn default() -> Self {
        Self {
            cluster: "default".to_owned(),
            id: None,
            broker: BrokerDraft::default(),
            emqx: EmqxDraft::default(),
            inbox: 65_536,
            outbox: 10_000,
            traffic: TrafficDraft::default(),
            settings: Settings { seed: 1, ..Settings::with_pairs(Vec::new()) },
            slow_call_duration: None,
            slow_call_rate: None,
            envelope: "jsonrpc".to_owned(),
            canary: Span::from_secs(5),
            no_link: Span::from_secs(600),
            no_canary: Span::from_secs(120),
            exit_on_quiet: false,
            quiet: Span::from_secs(600),
            log_format: "human".to_owned(),
            log_level: "info".to_owned(),
            listen: "127.0.0.1:9464".to_owned(),
            token_file: None,
            stop_on_critical: false,
            alerts: AlertsDraft {
                enabled: true,
                every: Span::from_secs(10),
                clear_for: Span::from_secs(60),
                repeat_every: Span::from_secs(300),
                off: Vec::new(),
                labels: Vec::new(),
                page_url: None,
                runbook_url: None,
            },
            rows: BTreeMap::new(),
            trace: TraceDraft::default(),
            security: SecurityDraft::default(),
            responses: ResponsesDraft::default(),
            runbook_folder: None,
            runbook_values: Vec::new(),
            replicas: ReplicasDraft {
                from: "none".to_owned(),
                namespace: "default".to_owned(),
                label: None,
                every: Span::from_secs(10),
            },
            kubeconfig: None,
            kube_context: None,
            docker_url: "unix:///var/run/docker.sock".to_owned(),
            workloads: Vec::new(),
        }
    }
}

impl Default for BrokerDraft {
    fn default() -> Self {
        Self {
            url: vec!["mqtt://localhost:1883".to_owned()],
            protocol: "5".to_owned(),
            client_id: None,
            user: None,
            password: None,
            password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            server_name: None,
            alpn: Vec::new(),
            keep_alive: Span::from_secs(30),
            connect_timeout: Span::from_secs(5),
            backoff_min: Span::from_millis(250),
            backoff_max: Span::from_secs(30),
            // A payload of 1 MiB, and 64 KiB for topic and properties.
            max_packet: (1 << 20) + (1 << 16),
            qos: 0,
        }
    }
}

impl Default for TraceDraft {
    fn default() -> Self {
        Self {
            endpoint: None,
            protocol: "http/protobuf".to_owned(),
            headers: Vec::new(),
            headers_file: None,
            user: None,
            password: None,
            password_file: None,
            token_file: None,
            ca_file: None,
            timeout: Span::from_secs(10),
            callers: "mqtt-callers".to_owned(),
            batch: 1_000,
            every: Span::from_secs(1),
            requests: 4,
            queue: 20_000,
            retry_for: Span::from_secs(300),
            link: None,
        }
    }
}

impl Default for EmqxDraft {
    fn default() -> Self {
        Self {
            url: None,
            api_key: None,
            api_secret: None,
            api_secret_file: None,
            ca_file: None,
            timeout: Span::from_secs(5),
            look_every: Span::from_secs(5),
            onlookers: Vec::new(),
        }
    }
}

impl Default for TrafficDraft {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            ignore: Vec::new(),
            activity: owned(&["ui/change/{channel}"]),
            security: owned(&[
                "security/auth/{kind}",
                "security/authz/{kind}",
                "service/{service}/security",
            ]),
            max_payload: 1 << 20,
            pairs: vec![PairDraft {
                name: Some(PAIR_NAME.to_owned()),
                call: Some("service/{service}".to_owned()),
                reply: Some(vec!["session/{session}/response".into()]),
                ..PairDraft::default()
            }],
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
