//! What runs the services: which platform is asked, how a service is known there, and the way to it.

use super::draft::Draft;
use super::gather::Gathered;
use crate::observer::Span;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What stands for the service in a label.
const SERVICE: &str = "{service}";

/// Which platform runs the services, and how it is reached.
#[derive(Clone, Debug)]
pub struct Platforms {
    /// Who is asked for replicas; `None` is nobody.
    pub replicas: Option<Replicas>,
    /// The way to Kubernetes.
    pub kubernetes: Kubernetes,
    /// Docker's address: `unix://…`, `tcp://…` or `http://…`.
    pub docker: String,
}

/// Who is asked for replicas, and how a service is known there.
#[derive(Clone, Debug)]
pub struct Replicas {
    /// Which platform.
    pub from: Platform,
    /// The namespace, for Kubernetes.
    pub namespace: Namespace,
    /// The label by which a service is known.
    pub label: Label,
    /// How often what is known is told.
    pub every: Span,
}

/// A platform that runs services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Kubernetes.
    Kubernetes,
    /// Docker.
    Docker,
}

/// The way to Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kubernetes {
    /// A file that says where a cluster is; `None` is the pod's service account, else the default file.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it.
    pub context: Option<String>,
}

/// Where in Kubernetes services run: one namespace, or one for each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    /// The one namespace; `None` if there are several, so that all have to be looked at.
    pub fn single(&self) -> Option<&str> {
        (!self.0.contains(['{', '*'])).then_some(&*self.0)
    }

    /// Whether a workload of this name may stand in a namespace.
    pub fn holds(&self, namespace: &str, workload: &str) -> bool {
        self.0 == "*" || self.0.replace(SERVICE, workload) == namespace
    }
}

impl std::fmt::Display for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.single() {
            Some(name) => write!(f, "namespace {name}"),
            None => write!(f, "namespaces {}", self.0),
        }
    }
}

/// A label whose value names a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its key.
    pub key: String,
    before: String,
    after: String,
    /// Services that the platform calls otherwise: its word, then theirs.
    workloads: BTreeMap<String, String>,
}

impl Label {
    /// The label of a template such as `app={service}`; `None` if it is none.
    pub fn new(template: &str) -> Option<Self> {
        let (key, value) = template.split_once('=')?;
        let (before, after) = value.split_once(SERVICE)?;
        let plain = |text: &str, more: &str| {
            text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let good =
            !key.is_empty() && plain(key, "-_./") && plain(before, "-_.") && plain(after, "-_.");
        good.then(|| Self {
            key: key.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            workloads: BTreeMap::new(),
        })
    }

    /// Whether its value is the platform's word for the service and nothing else.
    pub(super) fn is_bare(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// The same, with services that the platform calls otherwise: (service, workload).
    #[must_use]
    pub fn with(mut self, workloads: &[(String, String)]) -> Self {
        self.workloads = workloads
            .iter()
            .map(|(service, workload)| (workload.clone(), service.clone()))
            .collect();
        self
    }

    /// The workload that a value of the label names.
    pub fn workload<'a>(&self, value: &'a str) -> Option<&'a str> {
        let word = value.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        (!word.is_empty()).then_some(word)
    }

    /// The service that a value of the label names.
    pub fn service(&self, value: &str) -> Option<String> {
        let word = self.workload(value)?;
        Some(self.workloads.get(word).map_or(word, String::as_str).to_owned())
    }

    /// The value of the label of a service.
    pub fn value(&self, service: &str) -> String {
        let other = self.workloads.iter().find(|(_, known)| *known == service);
        let word = other.map_or(service, |(workload, _)| workload);
        format!("{}{word}{}", self.before, self.after)
    }
}

/// Whether a text is a label with a service in it.
pub(super) fn is_label(text: &str) -> bool {
    Label::new(text).is_some()
}

/// Whether a text names a namespace, or one for each service.
pub(super) fn is_namespace(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let rest = text.replacen(SERVICE, "", 1);
    text == "*" || (!text.is_empty() && text.len() <= 100 && rest.chars().all(plain))
}

/// Whether a text says where Docker is.
pub(super) fn is_docker_url(text: &str) -> bool {
    ["unix:///", "tcp://", "http://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

/// Puts it together; `None` if a mistake was noted.
pub(super) fn platforms(gathered: &mut Gathered, draft: &Draft) -> Option<Platforms> {
    let wanted = &draft.replicas;
    let (from, usual) = match wanted.from.as_str() {
        "kubernetes" => (Some(Platform::Kubernetes), "app={service}"),
        "docker" => (Some(Platform::Docker), "com.docker.compose.service={service}"),
        _ => (None, "app={service}"),
    };
    let label = Label::new(wanted.label.as_deref().unwrap_or(usual))?.with(&draft.workloads);
    if draft.settings.remedy.enabled && from.is_none() && !gathered.is_bad("replicas.from") {
        let spot = gathered.spot("remedy.enabled");
        let allowed = "true only where replicas.from says which platform runs the services";
        gathered.mistake(spot, "true", allowed);
        return None;
    }
    Some(Platforms {
        replicas: from.map(|from| Replicas {
            from,
            namespace: Namespace(wanted.namespace.clone()),
            label,
            every: wanted.every,
        }),
        kubernetes: Kubernetes {
            kubeconfig: draft.kubeconfig.as_ref().map(PathBuf::from),
            context: draft.kube_context.clone(),
        },
        docker: draft.docker_url.clone(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_a_service_and_back() {
        let others = [("UserManagement".to_owned(), "user-management".to_owned())];
        for (template, value, service) in [
            ("app={service}", "Billing", Some("Billing")),
            ("app={service}", "user-management", Some("UserManagement")),
            ("app.kubernetes.io/name=svc-{service}-v1", "svc-Billing-v1", Some("Billing")),
            ("app=svc-{service}", "svc-", None),
            ("app=svc-{service}", "Billing", None),
        ] {
            let label = Label::new(template).unwrap().with(&others);
            assert_eq!(label.service(value).as_deref(), service, "{template} {value}");
            if let Some(service) = service {
                assert_eq!(label.value(service), value, "{template}");
            }
        }
        for (template, namespace, workload, holds) in [
            ("shop", "shop", "billing", true),
            ("shop", "other", "billing", false),
            ("*", "other", "billing", true),
            ("shop-{service}", "shop-billing", "billing", true),
            ("shop-{service}", "shop-orders", "billing", false),
        ] {
            assert!(is_namespace(template));
            let known = Namespace(template.to_owned());
            assert_eq!(known.holds(namespace, workload), holds, "{template} {namespace}");
            assert_eq!(known.single().is_some(), template == "shop");
        }
        assert!(["", "Shop", "a b", "{service}{service}"].iter().all(|text| !is_namespace(text)));
        for wrong in ["app", "app=x", "={service}", "a b={service}", "app={service},tier=x"] {
            assert!(Label::new(wrong).is_none(), "{wrong}");
        }
    }
}
