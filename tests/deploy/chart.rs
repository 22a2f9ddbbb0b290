//! The Helm chart, as Helm renders it, held to the schemas of Kubernetes and Prometheus Operator.

use crate::kit::{Ran, check_config, has_token_file, must, run, strings, tool, yaml};
use serde_json::Value;
use std::path::Path;

const CHART: &str = "deploy/kubernetes/lookout";
const KUBERNETES: &str = "1.37";

/// Everything that can be asked for, at once.
const FULL: &str = r#"
image: {repository: registry.example/lookout, digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
imagePullSecrets: [{name: registry}]
cluster: east
broker:
  urls: ["mqtts://a.broker.example", "mqtts://b.broker.example:8884"]
  user: lookout
  passwordSecret: {name: broker, key: password}
  caSecret: {name: broker-ca}
config: |
  [dependencies]
  OrderService = ["UserManagement"]
extraEnv: [{name: LOOKOUT_LOG_LEVEL, value: debug}]
extraSecrets: [emqx]
rbac: {replicas: {enabled: true, namespaces: [shop, billing]}, remedy: {enabled: true}, nodes: {enabled: true}}
serviceMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true, labels: {release: prometheus}}
dashboards: {enabled: true}
networkPolicy:
  brokerTo: [{ipBlock: {cidr: 192.0.2.0/24}}]
  extraEgress: [{ports: [{port: 18083, protocol: TCP}]}]
podAnnotations: {example.org/a: b}
podLabels: {team: platform}
nodeSelector: {kubernetes.io/arch: amd64}
tolerations: [{key: dedicated, operator: Exists}]
priorityClassName: high
"#;

fn helm(arguments: &[&str], values: &str) -> Ran {
    let arguments = [arguments, &["--values", "-"]].concat();
    run(tool("bin/helm"), &arguments, values)
}

/// The manifests that a chart renders with some values.
fn rendered(chart: &str, values: &str) -> Vec<Value> {
    let ran = helm(&["template", "watch", chart, "--namespace", "observers"], values);
    assert!(ran.good, "{}", ran.stderr);
    let ours =
        must(tool("venv/bin/python"), &["tests/deploy/validate.py", KUBERNETES], &ran.stdout);
    let crd = ["tests/deploy/crd.mjs", tool("").to_str().unwrap()].map(str::to_owned);
    must("node", &crd.each_ref().map(String::as_str), &ours);
    let documents = ran.stdout.split("\n---\n").map(yaml);
    documents.filter(|document| !document.is_null()).collect()
}

fn of_kind<'a>(manifests: &'a [Value], kind: &str) -> Vec<&'a Value> {
    manifests.iter().filter(|manifest| manifest["kind"] == kind).collect()
}

/// The environment of lookout in a pod; values that come from elsewhere are left out.
fn environment(deployment: &Value) -> Vec<(String, String)> {
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let variables = container["env"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    variables.map(|it| (text(&it["name"]), text(&it["value"]))).collect()
}

/// Has lookout check what a release would run with.
fn check(manifests: &[Value]) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lookout.toml");
    let config = manifests.iter().find_map(|it| it["data"]["lookout.toml"].as_str()).unwrap();
    std::fs::write(&file, config).unwrap();
    check_config(&file, &environment(of_kind(manifests, "Deployment")[0]));
}

#[test]
fn it_lints_and_renders_what_kubernetes_accepts() {
    for values in ["", FULL] {
        let linted = helm(&["lint", "--strict", CHART], values);
        assert!(linted.good, "{}{}", linted.stdout, linted.stderr);
        check(&rendered(CHART, values));
    }
}

#[test]
fn by_default_it_has_no_rights_and_cannot_gain_any() {
    let manifests = rendered(CHART, "");
    for kind in ["Role", "RoleBinding", "ClusterRole", "Secret", "ServiceMonitor"] {
        assert!(of_kind(&manifests, kind).is_empty(), "{kind}");
    }
    let pod = &of_kind(&manifests, "Deployment")[0]["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let container = &pod["containers"][0];
    let shut = &container["securityContext"];
    assert_eq!(shut["readOnlyRootFilesystem"], true);
    assert_eq!(shut["allowPrivilegeEscalation"], false);
    assert_eq!(strings(&shut["capabilities"]["drop"]), ["ALL"]);
    for (probe, path) in [("startup", "/livez"), ("liveness", "/livez"), ("readiness", "/readyz")] {
        assert_eq!(container[format!("{probe}Probe")]["httpGet"]["path"], path);
    }
    let policy = &of_kind(&manifests, "NetworkPolicy")[0]["spec"];
    assert_eq!(strings(&policy["policyTypes"]), ["Ingress", "Egress"]);
    // Nobody but Prometheus' namespace comes in, also when no namespace is named.
    let closed = rendered(CHART, "networkPolicy: {ingressFrom: []}");
    let ingress = &of_kind(&closed, "NetworkPolicy")[0]["spec"]["ingress"];
    assert_eq!(ingress, &serde_json::json!([]));
}

#[test]
fn it_may_do_what_it_is_told_to_where_it_is_told_to_and_nothing_else() {
    let manifests = rendered(CHART, FULL);
    let roles = of_kind(&manifests, "Role");
    let places: Vec<_> = roles.iter().map(|it| it["metadata"]["namespace"].clone()).collect();
    assert_eq!(places, ["shop", "billing"]);
    for role in roles {
        let rules = role["rules"].as_array().unwrap();
        let resources: Vec<_> = rules.iter().flat_map(|it| strings(&it["resources"])).collect();
        assert_eq!(resources, ["pods", "deployments", "statefulsets", "daemonsets"]);
        assert_eq!(strings(&rules[0]["verbs"]), ["get", "list", "watch"]);
        assert_eq!(strings(&rules[1]["verbs"]), ["get", "list", "watch", "patch"]);
    }
    let nodes = of_kind(&manifests, "ClusterRole");
    let rules = serde_json::json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]);
    assert_eq!(nodes[0]["rules"], rules);
    let reads = FULL.replace(", remedy: {enabled: true}, nodes: {enabled: true}", "");
    let manifests_that_read = rendered(CHART, &reads);
    let role = of_kind(&manifests_that_read, "Role")[0];
    assert_eq!(strings(&role["rules"][1]["verbs"]), ["get", "list", "watch"]);
    assert!(of_kind(&manifests_that_read, "ClusterRole").is_empty());
    for binding in of_kind(&manifests, "RoleBinding") {
        assert_eq!(binding["subjects"][0]["namespace"], "observers");
        assert_eq!(binding["roleRef"]["kind"], "Role");
    }
    let pod = &of_kind(&manifests, "Deployment")[0]["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], true);
}

#[test]
fn prometheus_operator_scrapes_it_as_prometheus_does() {
    let manifests = rendered(CHART, FULL);
    let monitor = of_kind(&manifests, "ServiceMonitor")[0];
    assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
    // The operator's definitions pass over a member that they do not know: all are named here.
    let endpoint = serde_json::json!([{
        "port": "http", "path": "/metrics", "interval": "15s", "honorLabels": true,
        "relabelings": [{"targetLabel": "job", "replacement": "lookout"}],
    }]);
    assert_eq!(monitor["spec"]["endpoints"], endpoint);
    let service = of_kind(&manifests, "Service")[0];
    assert_eq!(service["spec"]["ports"][0]["name"], "http");
    let wanted = monitor["spec"]["selector"]["matchLabels"].as_object().unwrap();
    let labels = &service["metadata"]["labels"];
    assert!(wanted.iter().all(|(name, value)| labels[name] == *value), "{labels}");
}

#[test]
fn rules_and_dashboards_are_the_files_that_are_there_anyway() {
    // A copy, with a rule and a dashboard whose braces Helm must leave alone.
    let directory = tempfile::tempdir().unwrap();
    must("cp", &["-a", "deploy", directory.path().to_str().unwrap()], "");
    let deploy = directory.path().join("deploy");
    let rules = "groups:\n  - name: test\n    rules:\n      - alert: Test\n        expr: up == 0\n        \
                 annotations: {summary: \"{{ $labels.instance }} is down\"}\n";
    std::fs::write(deploy.join("prometheus/rules/test_rules.yml"), rules).unwrap();
    let dashboard = "{\"title\": \"{{x}}\",\n \"panels\": []}\n";
    std::fs::write(deploy.join("grafana/dashboards/test.json"), dashboard).unwrap();
    let chart = deploy.join("kubernetes/lookout");
    let manifests = rendered(chart.to_str().unwrap(), FULL);

    let files = |folder: &Path, kind: &str| -> Vec<String> {
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let wanted = all.filter(|path| path.extension().is_some_and(|it| it == kind));
        wanted.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    };
    let made = of_kind(&manifests, "PrometheusRule");
    let wanted = files(&deploy.join("prometheus/rules"), "yml");
    assert_eq!(made.len(), wanted.len());
    for text in wanted {
        let wanted = yaml(&text);
        assert!(made.iter().any(|rule| rule["spec"] == wanted), "no rule is\n{text}");
    }
    let maps = of_kind(&manifests, "ConfigMap");
    let wanted = files(&deploy.join("grafana/dashboards"), "json");
    assert_eq!(maps.len(), wanted.len() + 1, "one is the configuration");
    for text in wanted {
        let data = |map: &&Value| map["data"].as_object().unwrap().values().any(|it| *it == text);
        assert!(maps.iter().any(data), "no dashboard is\n{text}");
    }
}

#[test]
fn values_that_mean_nothing_are_refused() {
    for (values, named) in [
        ("broker: {url: \"mqtt://h\"}", "url"),
        ("brokr: {}", "brokr"),
        ("broker: {urls: []}", "urls"),
        ("broker: {urls: [\"mqtt://u:secret@h\"]}", "urls"),
        ("http: {port: 80}", "port"),
        ("cluster: a/b", "cluster"),
        ("image: {tag: \"a b\"}", "tag"),
    ] {
        let ran = helm(&["template", "watch", CHART], values);
        assert!(!ran.good, "{values}");
        assert!(ran.stderr.contains("values don't meet") && ran.stderr.contains(named), "{values}");
    }
}

#[test]
fn the_token_is_mounted_and_named() {
    let values = "http: {tokenSecret: {name: token}}";
    let manifests = rendered(CHART, values);
    let deployment = of_kind(&manifests, "Deployment")[0];
    let variables = environment(deployment);
    let (_, path) = variables.iter().find(|(name, _)| name == "LOOKOUT_HTTP_TOKEN_FILE").unwrap();
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let mounts = container["volumeMounts"].as_array().unwrap();
    let inside = |it: &Value| path.starts_with(&format!("{}/", it["mountPath"].as_str().unwrap()));
    assert!(mounts.iter().any(inside), "{path}");
    // A lookout that has no such setting yet refuses the variable, which is why none is set.
    if has_token_file() {
        check(&manifests);
    }
}

#[test]
fn runbooks_are_mounted_as_they_are_and_lookout_reads_them() {
    let text = "---\ntitle: \"{service} {{x}}\"\nmatch: {service: Orders}\n---\n\n## Steps\n\n### 1. Do\n\n```sh\ndocker ps --format '{{.Names}}'\n```\n";
    let values = serde_json::json!({ "runbooks": { "Orders.md": text } }).to_string();
    let manifests = rendered(CHART, &values);
    let deployment = of_kind(&manifests, "Deployment")[0];
    let mut variables = environment(deployment);
    let folder = variables.iter_mut().find(|(name, _)| name == "LOOKOUT_RUNBOOKS_FOLDER").unwrap();
    let spec = &deployment["spec"]["template"]["spec"];
    let mounts = spec["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(
        mounts.iter().any(|it| it["name"] == "runbooks" && it["mountPath"] == folder.1.as_str())
    );
    let volumes = spec["volumes"].as_array().unwrap();
    let volume = volumes.iter().find(|it| it["name"] == "runbooks").unwrap();
    let maps = of_kind(&manifests, "ConfigMap");
    let map = maps.iter().find(|it| it["metadata"]["name"] == volume["configMap"]["name"]).unwrap();
    assert_eq!(map["data"], serde_json::json!({ "Orders.md": text }));
    // A new text makes a new pod.
    let note = |manifests: &[Value]| {
        let pod = &of_kind(manifests, "Deployment")[0]["spec"]["template"];
        pod["metadata"]["annotations"]["checksum/runbooks"].clone()
    };
    let other = rendered(CHART, &values.replace("### 1. Do", "### 1. Look"));
    assert_ne!(note(&manifests), note(&other));

    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("Orders.md"), text).unwrap();
    folder.1 = directory.path().display().to_string();
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("lookout.toml");
    std::fs::write(&file, "").unwrap();
    check_config(&file, &variables);
    for name in ["Orders.txt", "a b.md", "../x.md"] {
        let values = serde_json::json!({ "runbooks": { name: text } }).to_string();
        assert!(!helm(&["template", "watch", CHART], &values).good, "{name}");
    }
}
