//! The settings of `[replicas]`, `[kubernetes]`, `[docker]` and `[remedy]`: what runs the services,
//! and what may be done about those that no longer answer.

use super::check::is_pattern;
use super::{H, Kind, MIN, S, Section, Slot, count, not_empty, setting, span};
use crate::config::replicas::{is_docker_url, is_label, is_namespace};

/// `[replicas]`.
pub(super) static REPLICAS: Section = Section {
    name: "replicas",
    meaning: "How many replicas of a service run, as the platform that runs them tells. A silent service whose \
              replicas are gone, restart in a loop or cannot be pulled is told so (`no_running_pods`, \
              `pod_restart_loop`, `container_oom_killed`, `image_pull_failed`, `pods_not_ready`).",
    settings: &[
        setting(
            "from",
            Kind::Choice(&["none", "kubernetes", "docker"]),
            Slot::Text(|d| &mut d.replicas.from),
            "Which platform is asked. Kubernetes needs leave to list and watch pods, and the deployments, stateful \
             and daemon sets that want them; Docker its socket.",
        ),
        setting(
            "namespace",
            Kind::Text {
                allowed: "a namespace such as \"shop\" or \"shop-{service}\", or \"*\" for all",
                check: is_namespace,
            },
            Slot::Text(|d| &mut d.replicas.namespace),
            "The namespace of the services, for Kubernetes. With `{service}` in it each has its own, and with `*` \
             any will do; both need leave to look at all namespaces.",
        ),
        setting(
            "label",
            Kind::Text {
                allowed: "a label with {service} in its value, such as \"app={service}\"",
                check: is_label,
            },
            Slot::MaybeText(|d| &mut d.replicas.label),
            "The label by which what runs a service is known. Where the platform calls a service otherwise than its \
             callers do, `service.NAME.workload` says how.",
        )
        .unset(
            "\"app={service}\"",
            "`app={service}` for Kubernetes, `com.docker.compose.service={service}` for Docker",
        ),
        span(
            "every",
            |d| &mut d.replicas.every,
            (S, 10 * MIN),
            "How often Docker is asked, and how often what is known is told to the judge again. Changes in \
             Kubernetes are told as they happen.",
        ),
    ],
};

/// `[kubernetes]`.
pub(super) static KUBERNETES: Section = Section {
    name: "kubernetes",
    meaning: "The way to Kubernetes, for `[replicas]`, checks of that kind, and `[remedy]`. Inside a cluster nothing \
              needs to be set.",
    settings: &[
        setting(
            "kubeconfig",
            TEXT,
            Slot::MaybeText(|d| &mut d.kubeconfig),
            "A file that says where a cluster is and who logs in there.",
        )
        .unset(
            "\"/etc/lookout/kubeconfig\"",
            "the service account of the pod, else `$KUBECONFIG` or `~/.kube/config`",
        ),
        setting(
            "context",
            TEXT,
            Slot::MaybeText(|d| &mut d.kube_context),
            "The context in that file.",
        )
        .unset("\"production\"", "its current one"),
    ],
};

/// `[docker]`.
pub(super) static DOCKER: Section = Section {
    name: "docker",
    meaning: "The way to Docker, for `[replicas]`, checks of that kind, and `[remedy]`. Whoever reads its socket can \
              do anything with the host: put a proxy that allows `GET /containers` in front of it, unless lookout \
              may restart.",
    settings: &[setting(
        "url",
        Kind::Text {
            allowed: "an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375",
            check: is_docker_url,
        },
        Slot::Text(|d| &mut d.docker_url),
        "Its socket, or a proxy of it.",
    )],
};

/// `[remedy]`.
pub(super) static REMEDY: Section = Section {
    name: "remedy",
    meaning: "Restarts what runs a service that does not answer (`kubectl rollout restart`, `docker restart`). Off by \
              default. One service at a time; never while lookout doubts itself, a component explains the silence, \
              or nothing is meant to run. Each step is said on `actions`. A service that stays away after the last \
              attempt is marked failed and left alone until it recovers.",
    settings: &[
        setting(
            "enabled",
            Kind::Flag,
            Slot::Flag(|d| &mut d.settings.remedy.enabled),
            "Whether remedies are considered at all. Needs `replicas.from`.",
        ),
        setting(
            "dry_run",
            Kind::Flag,
            Slot::Flag(|d| &mut d.settings.remedy.dry_run),
            "Says what would be done, and does nothing.",
        ),
        setting(
            "services",
            Kind::Texts {
                of: "names of services, `*` at the end for any ending",
                check: is_pattern,
            },
            Slot::Texts(|d| &mut d.settings.remedy.services),
            "Services that may be restarted.",
        ),
        span(
            "every",
            |d| &mut d.settings.remedy.every,
            (S, H),
            "How often a service that is unavailable is judged here.",
        ),
        count(
            "after",
            |d| &mut d.settings.remedy.after,
            (1, 100),
            "Judgements in a row at which it is unavailable before it is restarted: most outages end by themselves.",
        ),
        span(
            "delay",
            |d| &mut d.settings.remedy.delay,
            (S, 24 * H),
            "How long after an attempt the next one of the same service may follow; a service has to start first.",
        ),
        count(
            "attempts",
            |d| &mut d.settings.remedy.attempts,
            (1, 100),
            "Attempts after which a service that is still unavailable is marked failed and left alone.",
        ),
        count(
            "per_hour",
            |d| &mut d.settings.remedy.per_hour,
            (1, 1_000),
            "Most attempts in an hour, of all services together: a cure must not become an outage.",
        ),
    ],
};

const TEXT: Kind = Kind::Text { allowed: "a string that is not empty", check: not_empty };
