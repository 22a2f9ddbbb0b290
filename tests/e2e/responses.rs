//! What is done about an attack, end to end: by a stand-in for EMQX, by a webhook, and by lookout itself; undone
//! by an operator, when its time is over, and by the next run; and never in a dry run or to those who are spared.

use crate::api::{Answer, Api, Asked};
use crate::emqx_bans::{Bans, KEY, SECRET};
use crate::line::{Line, Message, Trouble};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

const TOKEN: &str = "b0d2c3e4f5a6978812345678";
const HOOK_SECRET: &str = "a-secret-of-the-hook-that-is-long";

/// The stage: a broker, a stand-in for EMQX, a webhook, somebody who tries passwords, and somebody who reads.
struct Stage {
    mosquitto: Mosquitto,
    emqx: Bans,
    hook: Api,
    hand: Line,
    watcher: Watcher,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn new(run: &Run) -> Self {
        let mosquitto = Mosquitto::start();
        let broker = (run.version, mosquitto.port());
        let watcher = Watcher::start(broker, "watcher").await;
        let hand = Line::open(broker, "hand", "nothing", &Trouble::default(), |_, _| ());
        hand.ready().await;
        let emqx = Bans::start(&[
            ("attacker", "eve", "192.0.2.7"),
            ("of-root", "root", "192.0.2.7"),
            ("of-ana", "ana", "203.0.113.9"),
            ("lookout-e2e", "lookout", "203.0.113.200"),
        ]);
        let hook = Api::on_port().await;
        hook.answers("POST", "/act", Answer::Body(204, String::new()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tokens"), format!("alice {TOKEN}\n")).unwrap();
        Self { mosquitto, emqx: emqx.await, hook, hand, watcher, folder }
    }

    /// The configuration with these lines of `[responses]`.
    fn config(&self, run: &Run, lines: &str) -> String {
        let base = config(run, self.mosquitto.port());
        let tokens = self.folder.path().join("tokens");
        let listen = "listen = \"127.0.0.1:0\"\n";
        let base = base.replace(listen, &format!("{listen}token_file = {tokens:?}\n"));
        format!(
            "{base}
[emqx]
url = {url:?}
api_key = {KEY:?}
api_secret = {SECRET:?}

[[webhook]]
name = \"guard\"
url = \"http://127.0.0.1:{port}/act\"
secret = {HOOK_SECRET:?}
alerts = false
actions = [\"rate_limit_user\", \"notify_user\", \"notify_security_team\"]

[security]
enabled = true

[responses]
enabled = true
emqx = [\"block_ip\", \"lock_user\", \"suspend_user\"]
never_users = [\"root\", \"svc-*\"]
never_addresses = [\"198.51.100.0/24\"]
{lines}
",
            url = self.emqx.url,
            port = self.hook.port,
        )
    }

    async fn lookout(&self, config: &str) -> Lookout {
        let mut lookout = Lookout::start(config).await;
        lookout.log("subscribed to ").await;
        let hears = |it: &crate::program::Metrics| {
            it.value("lookout_link_up") == 1.0 && it.value("lookout_in_doubt") == 0.0
        };
        lookout.metrics("lookout hears", hears).await;
        lookout
    }

    fn say(&self, topic: &str, body: &Value) {
        let payload = body.to_string().into();
        let message = Message { topic: topic.to_owned(), payload, ..Message::default() };
        assert!(self.hand.post().send(message));
    }

    fn logins(&self, user: &str, address: &str, failures: usize, success: bool) {
        let login = |success: bool| {
            let body = json!({"user": user, "address": address, "success": success});
            self.say("security/auth/login", &body);
        };
        (0..failures).for_each(|_| login(false));
        if success {
            login(true);
        }
    }

    /// A call and its answer, both with what nobody else is to read.
    fn call(&self, id: u32, user: &str) {
        let (session, card) = (format!("s-{user}"), json!({"card": "planted-card-number"}));
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "pay", "sessionId": session,
            "userContext": {"userId": user}, "params": card});
        self.say("service/Billing", &call);
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"iban": "planted-iban"}});
        self.say(&format!("session/{session}/response"), &answer);
    }

    /// Waits for a step of a response.
    async fn step(&mut self, action: &'static str, state: &'static str) -> Document {
        let is_it = |it: &Document| {
            it.topic == "actions" && it.text("action") == action && it.text("state") == state
        };
        self.watcher.find(0, &format!("{action} {state}"), is_it).await.1
    }
}

/// `lookout actions` with these arguments.
fn actions(lookout: &Lookout, args: &[&str]) -> Output {
    let url = format!("http://{}", lookout.host());
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    command.arg("actions").args(args).args(["--url", &url]).output().unwrap()
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Whether a request is signed as Standard Webhooks wants it.
fn is_signed(asked: &Asked) -> bool {
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), asked.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, HOOK_SECRET.as_bytes());
    let tag = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
}

/// Plays the scenario.
pub async fn done_and_undone(run: &Run) {
    let mut stage = Stage::new(run).await;
    // Somebody else keeps a user out already, and EMQX does not answer at first.
    stage.emqx.ban("username", "bob", "alice");
    stage.emqx.fail(2);
    let lookout = stage.lookout(&stage.config(run, "dry_run = false\n")).await;
    stage.logins("ana", "192.0.2.7", 5, false);

    let blocked = stage.step("block_ip", "done").await;
    assert_eq!(*blocked.get("target"), json!({"address": "192.0.2.7"}));
    assert_eq!(*blocked.get("by"), json!(["emqx"]));
    assert_eq!(blocked.text("message"), "EMQX: 192.0.2.7 is banned; connections closed: 1");
    let locked = stage.step("lock_user", "done").await;
    assert_eq!(locked.text("message"), "EMQX: ana is banned; connections closed: 1");
    let ban = |kind: &str, who: &str, by: &str| [kind, who, by].map(str::to_owned);
    let mut bans = stage.emqx.bans();
    bans.sort();
    let expected = [
        ban("peerhost", "192.0.2.7", "lookout"),
        ban("username", "ana", "lookout"),
        ban("username", "bob", "alice"),
    ];
    assert_eq!(bans, expected);
    assert_eq!(
        stage.emqx.clients(),
        ["of-root", "lookout-e2e"],
        "nobody who is spared is thrown out"
    );
    let until = blocked.time("until") / 1_000;
    assert_eq!(stage.emqx.until("192.0.2.7"), until, "it ends without lookout too");
    assert_eq!(blocked.time("until") - blocked.time("since"), 3_600_000);

    // The webhook is told, once, and signed.
    let told = stage.step("notify_security_team", "done").await;
    let asked = stage.hook.until_asked(|it| it.body.contains("notify_security_team")).await;
    assert!(is_signed(&asked));
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    crate::schemas::Schemas::load().check("security_action_request.json", &body).unwrap();
    assert_eq!(body["id"], format!("{}-do", told.text("actionId")));
    assert_eq!(
        (body["subject"].as_str(), body["data"]["state"].as_str()),
        (Some("notify_security_team"), Some("started"))
    );

    // An operator undoes one; the others stay.
    let listed = text(&actions(&lookout, &["list"]));
    assert_eq!(listed.lines().count(), 2, "what is in force: {listed}");
    let id = locked.text("actionId");
    assert!(listed.contains(&format!("{id} lock_user ana: done until ")), "{listed}");
    let refused = actions(&lookout, &["undo", id]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs a token"), "{refused:?}");
    let wrong = stage.folder.path().join("wrong");
    std::fs::write(&wrong, "alice 0000000000000000000000\n").unwrap();
    let refused = actions(&lookout, &["undo", id, "--token-file", wrong.to_str().unwrap()]);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("the token is not known"),
        "{refused:?}"
    );
    let tokens = stage.folder.path().join("tokens");
    let undone = actions(&lookout, &["undo", id, "--token-file", tokens.to_str().unwrap()]);
    assert!(text(&undone).contains("undoing"), "{undone:?}");
    let undone = stage.step("lock_user", "undone").await;
    assert_eq!(undone.text("message"), "EMQX: ana is banned no longer");
    let cleared = format!("actions/{id}");
    stage
        .watcher
        .find(0, "nothing that stands", |it| it.topic == cleared && it.whole.is_null())
        .await;
    assert_eq!(stage.emqx.bans().len(), 2, "{:?}", stage.emqx.bans());
    let unknown = actions(&lookout, &["undo", id, "--token-file", tokens.to_str().unwrap()]);
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("no such action is in force"),
        "{unknown:?}"
    );

    // A ban of somebody else's is left, and so is one that EMQX does not let this key make.
    stage.logins("bob", "192.0.2.8", 5, false);
    let is_bob = |it: &Document| {
        it.get("target")["user"] == "bob"
            && it.text("action") == "lock_user"
            && it.text("state") == "done"
    };
    let (_, known) = stage.watcher.find(0, "that bob is banned already", is_bob).await;
    assert_eq!(known.text("message"), "EMQX: bob is banned already, by alice until infinity");
    stage.emqx.make_viewer();
    stage.logins("cleo", "192.0.2.9", 5, false);
    let failed = stage.step("block_ip", "failed").await;
    assert_eq!(
        failed.text("message"),
        "EMQX does not let `emqx.api_key` do it (403 Forbidden UNAUTHORIZED_ROLE): give it the role `administrator`"
    );

    record(&lookout, &blocked);
    let secret = [SECRET, HOOK_SECRET, TOKEN];
    let in_vain = "lookout_security_actions_total{action=\"block_ip\",state=\"failed\"}";
    lookout.metrics("what was in vain", |it| it.value(in_vain) == 1.0).await;
    let metrics = lookout.get("metrics");
    assert!(secret.iter().all(|it| !metrics.contains(it)));
    for document in stage.watcher.log() {
        assert!(secret.iter().all(|it| !document.whole.to_string().contains(it)));
    }
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

/// The record of an incident has what was seen and what was done, in order.
fn record(lookout: &Lookout, blocked: &Document) {
    let incident = blocked.text("correlationId");
    let record: Value =
        serde_json::from_str(&text(&actions(lookout, &["export", incident]))).unwrap();
    assert_eq!(record["attack"]["kind"], "brute_force");
    assert_eq!(record["attack"]["source"], json!({"address": "192.0.2.7"}));
    let of = |name: &str| record[name].as_array().unwrap();
    let done: Vec<_> = of("actions").iter().map(|it| [&it["action"], &it["state"]]).collect();
    assert_eq!(
        done,
        [["block_ip", "done"], ["lock_user", "undone"], ["notify_security_team", "done"]]
    );
    let timeline: Vec<_> =
        of("timeline").iter().map(|it| format!("{} {}", it["kind"], it["what"])).collect();
    let begins = [
        "\"evidence\" \"login of ana from 192.0.2.7 failed\"",
        "\"security_alert\" \"brute force opened: 1 sign\"",
        "\"security_action\" \"block ip started\"",
        "\"security_action\" \"lock user started\"",
    ];
    assert_eq!(timeline[..4], begins, "{timeline:?}");
    assert!(timeline.iter().any(|it| it.contains("lock user undone")), "{timeline:?}");
    let unknown = actions(lookout, &["export", "incident-00000000000001"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no such incident is known"));
}

/// Plays the scenario.
pub async fn undone_by_the_next_run(run: &Run) {
    let mut stage = Stage::new(run).await;
    let more = "dry_run = false\nblock_for = \"12s\"\n\
                table = [\"brute_force=block_ip+rate_limit_user\"]\nrate_limit_for = \"12s\"\n";
    let config = stage.config(run, more);
    let lookout = stage.lookout(&config).await;
    stage.logins("ana", "192.0.2.7", 5, false);
    let blocked = stage.step("block_ip", "done").await;
    let limited = stage.step("rate_limit_user", "done").await;
    let stands = format!("actions/{}", limited.text("actionId"));
    let is_done = |it: &Document| it.topic == stands && it.text("state") == "done";
    stage.watcher.find(0, "that it stands", is_done).await;
    lookout.kill();

    let lookout = stage.lookout(&config).await;
    let listed = text(&actions(&lookout, &["list"]));
    for document in [&blocked, &limited] {
        assert!(listed.contains(document.text("actionId")), "{listed}");
    }
    let lifted = stage.step("block_ip", "undone").await;
    assert_eq!(lifted.text("actionId"), blocked.text("actionId"));
    assert!(lifted.time("timestamp") >= blocked.time("until"), "not before its time is over");
    assert_eq!(stage.emqx.bans(), Vec::<[String; 3]>::new());
    stage.step("rate_limit_user", "undone").await;
    let asked: Vec<Value> =
        stage.hook.asked().iter().map(|it| serde_json::from_str(&it.body).unwrap()).collect();
    let id = limited.text("actionId");
    let ids: Vec<_> = asked.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [format!("{id}-do"), format!("{id}-undo")]);
    assert_eq!(text(&actions(&lookout, &["list"])), "nothing is in force\n");
}

/// Plays the scenario.
pub async fn nothing_is_touched(run: &Run) {
    let mut stage = Stage::new(run).await;
    let dry = stage.lookout(&stage.config(run, "")).await;
    stage.logins("ana", "192.0.2.7", 5, false);
    let proposed = stage.step("notify_security_team", "proposed").await;
    assert_eq!(proposed.get("dryRun"), &Value::Bool(true));
    let said = stage
        .watcher
        .on("actions")
        .iter()
        .map(|it| it.text("state").to_owned())
        .collect::<Vec<_>>();
    assert_eq!(said, ["proposed"; 3]);
    assert_eq!(text(&actions(&dry, &["list"])), "nothing is in force\n");
    assert_eq!(text(&actions(&dry, &["list", "--all"])).matches("(dry run)").count(), 3);
    dry.terminate();
    assert_eq!(dry.end().await.0, Some(0));
    // Who may read only was asked nothing that changes something.
    let changes = |asked: &[String]| asked.iter().filter(|it| !it.starts_with("GET")).count();
    assert_eq!((changes(&stage.emqx.asked()), stage.hook.asked().len()), (0, 0));

    let lookout = stage.lookout(&stage.config(run, "dry_run = false\nper_hour = 1\n")).await;
    stage.logins("svc-billing", "198.51.100.9", 5, false);
    let (blocked, locked) =
        (stage.step("block_ip", "refused").await, stage.step("lock_user", "refused").await);
    assert_eq!(blocked.text("message"), "the address is in `responses.never_addresses`");
    assert_eq!(locked.text("message"), "the user is in `responses.never_users`");
    stage.step("notify_security_team", "done").await;
    assert_eq!(stage.emqx.bans(), Vec::<[String; 3]>::new());
    assert_eq!(changes(&stage.emqx.asked()), 0, "{:?}", stage.emqx.asked());
    // Where lookout itself is connected from is not blocked either, and there is one of each kind an hour.
    stage.logins("ana", "203.0.113.200", 5, false);
    let failed = stage.step("block_ip", "failed").await;
    assert_eq!(failed.text("message"), "lookout itself is connected from there");
    stage.step("lock_user", "done").await;
    stage.logins("bob", "192.0.2.7", 5, false);
    let many = |it: &Document| it.topic == "actions" && it.text("message").contains("per_hour");
    let (_, refused) = stage.watcher.find(0, "that there were too many", many).await;
    assert_eq!(refused.text("message"), "1 of its kind within the hour: `responses.per_hour`");
    let bans = stage.emqx.bans();
    assert_eq!(bans, [["username", "ana", "lookout"].map(str::to_owned)]);
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

/// Plays the scenario.
pub async fn evidence_is_kept(run: &Run) {
    let mut stage = Stage::new(run).await;
    let folder = stage.folder.path().join("evidence");
    let more = format!("dry_run = false\nevidence_folder = {folder:?}\n");
    let lookout = stage.lookout(&stage.config(run, &more)).await;
    stage.call(1, "ana");
    stage.logins("ana", "192.0.2.7", 5, true);
    let begun = stage.step("preserve_evidence", "done").await;
    let file = begun.text("message").strip_prefix("recorded in ").unwrap().to_owned();
    assert!(Path::new(&file).starts_with(&folder), "{file}");
    stage.call(2, "ana");
    stage.call(3, "bob");
    stage.call(4, "ana");
    let heard = |it: &crate::program::Metrics| {
        it.value("lookout_security_signs_total{sign=\"answer\"}") == 4.0
    };
    lookout.metrics("all calls", heard).await;
    let tokens = stage.folder.path().join("tokens");
    let undo = ["undo", begun.text("actionId"), "--token-file", tokens.to_str().unwrap()];
    text(&actions(&lookout, &undo));
    stage.step("preserve_evidence", "undone").await;

    let recorded = std::fs::read_to_string(&file).unwrap();
    assert!(!recorded.contains("planted"), "{recorded}");
    assert!(!recorded.contains("s-bob"), "{recorded}");
    let messages = recorded.lines().filter(|line| line.contains("\"topic\"")).count();
    assert_eq!(messages, 4, "two calls and their answers: {recorded}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let summary = folder.join("summary.json");
    let replay = Command::new(env!("CARGO_BIN_EXE_lookout"))
        .args(["replay", &file, "--summary", summary.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(replay.status.success(), "{replay:?}");
    let summary: Value = serde_json::from_slice(&std::fs::read(&summary).unwrap()).unwrap();
    assert_eq!(summary["services"]["Billing"]["ok"], 2, "{summary}");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}
