//! The nodes of a Kubernetes cluster, by their conditions.
//!
//! A node whose kubelet is silent is `Unknown`, and as good as lost. One that is gone is not mentioned
//! any more, so that only who knows the number misses it.

use super::{Probe, shown};
use crate::clock::Stopwatch;
use crate::config;
use crate::platform::kubernetes::{self, Refusal};
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client, Error};

/// Nodes on a page of a list, and pages that are read.
const PAGE: u32 = 500;
const PAGES: usize = 20;

/// Conditions that are bad if they are true.
const PRESSURES: [(&str, &str, &str); 4] = [
    ("MemoryPressure", "is short of memory", "See what runs there: kubectl top pods -A"),
    ("DiskPressure", "is short of disk", "Free its disk: images and logs take most of it"),
    ("PIDPressure", "has too many processes", "See which pod starts so many processes"),
    ("NetworkUnavailable", "has no network", "Check the network plugin on that node"),
];

/// A cluster.
pub(super) struct Kubernetes {
    settings: config::Kubernetes,
    expect: Option<u32>,
    client: Option<Client>,
}

impl Kubernetes {
    /// The cluster, and how many nodes have to be ready.
    pub(super) fn new(settings: &config::Kubernetes, expect: Option<u32>) -> Self {
        Self { settings: settings.clone(), expect, client: None }
    }

    async fn ask(&mut self) -> Found {
        let client = match self.client.take() {
            Some(client) => client,
            None => match kubernetes::client(&self.settings).await {
                Ok(client) => client,
                Err(error) => {
                    return Found::only(Trouble::error("cannot_be_checked", format!("{error:#}")));
                }
            },
        };
        let watch = Stopwatch::start();
        match nodes(&client).await {
            Ok(nodes) => {
                self.client = Some(client);
                let mut found = self.judge(&nodes);
                found.detail("answerMs", watch.elapsed().as_millis_f64());
                found
            }
            Err(error) => Found::only(refusal(&error)),
        }
    }

    fn judge(&self, nodes: &[Node]) -> Found {
        let mut found = Found::new();
        let (mut ready, mut lost, mut cordoned) = (0_u32, Vec::new(), 0_u32);
        let mut pressed: [Vec<&str>; 4] = Default::default();
        for node in nodes {
            let name = node.metadata.name.as_deref().unwrap_or_default();
            let spec = node.spec.as_ref();
            cordoned += u32::from(spec.and_then(|spec| spec.unschedulable) == Some(true));
            let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
            let is = |wanted: &str| {
                let all = conditions.into_iter().flatten();
                all.filter(|it| it.type_ == wanted).any(|it| it.status == "True")
            };
            if is("Ready") {
                ready += 1;
            } else {
                lost.push(name);
            }
            for ((condition, ..), names) in PRESSURES.iter().zip(&mut pressed) {
                if is(condition) {
                    names.push(name);
                }
            }
        }
        found.detail("nodes", nodes.len() as u64);
        found.detail("readyNodes", ready);
        found.detail("cordonedNodes", cordoned);
        self.judge_ready(ready, &lost, &mut found);
        for ((_, what, advice), names) in PRESSURES.iter().zip(&pressed) {
            if !names.is_empty() {
                let message = format!("{} {what}", shown::names(names.iter().copied()));
                found.trouble(Trouble::warning("pods_may_be_evicted", message).advice(*advice));
            }
        }
        found
    }

    fn judge_ready(&self, ready: u32, lost: &[&str], found: &mut Found) {
        // Clusters grow and shrink by themselves: who knows no number misses nobody.
        let wanted = self.expect.unwrap_or(0);
        let advice = "See why: kubectl describe node NAME; look into the log of its kubelet";
        if ready == 0 {
            let message = format!("none of {} nodes is ready", lost.len());
            found.trouble(Trouble::down("nothing_runs", message).definite().advice(advice));
        } else if !lost.is_empty() {
            let message = format!("{} is not ready", shown::names(lost.iter().copied()));
            found.trouble(Trouble::error("pods_are_moved", message).definite().advice(advice));
        } else if ready < wanted {
            let message = format!("{ready} of {wanted} nodes are ready; the others are gone");
            let trouble = Trouble::error("pods_are_moved", message).definite();
            found.trouble(trouble.advice("See which is missing: kubectl get nodes"));
        }
    }
}

/// All nodes, page by page.
async fn nodes(client: &Client) -> Result<Vec<Node>, Error> {
    let api = Api::<Node>::all(client.clone());
    let mut wanted = ListParams::default().limit(PAGE);
    let mut nodes = Vec::new();
    for _ in 0..PAGES {
        let page = api.list(&wanted).await?;
        nodes.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => wanted = wanted.continue_token(&token),
            None => break,
        }
    }
    Ok(nodes)
}

fn refusal(error: &Error) -> Trouble {
    match Refusal::of(error) {
        Refusal::Forbidden(_) => {
            Trouble::error("cannot_be_checked", "Kubernetes does not let lookout list nodes")
                .definite()
                .advice("Give its service account a cluster role with the verb list on nodes")
        }
        refusal @ (Refusal::Unauthorized | Refusal::Credentials(_)) => Trouble::error(
            "cannot_be_checked",
            format!("Kubernetes does not know lookout: {refusal}"),
        )
        .definite()
        .advice("Check its service account, or `kubernetes.kubeconfig`"),
        refusal @ (Refusal::Status(..499, _) | Refusal::Expired) => {
            Trouble::error("unknown", format!("the API server: {refusal}"))
        }
        refusal => Trouble::down("unreachable", format!("the API server: {refusal}"))
            .advice("Check that it runs and can be reached: kubectl get --raw /readyz"),
    }
}

impl Probe for Kubernetes {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }

    fn gave_up(&mut self) {
        self.client = None;
    }
}
