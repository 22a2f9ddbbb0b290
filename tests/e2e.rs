//! The main job from end to end: a real Mosquitto, services and callers that know nothing of
//! lookout, `lookout run` as a child process, and somebody who reads what it says.
//!
//! One scenario in which a service dies and comes back while another is flooded with invalid
//! calls, and one in which the broker itself is killed; each over MQTT 5 and over 3.1.1. What has
//! to be said is a table, and everything that is not in it must not be said. NATS stands for every
//! other broker.

#![cfg(all(feature = "daemon", feature = "client"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/alertmanager.rs"]
mod alertmanager;
#[path = "e2e/alerts.rs"]
mod alerts;
#[path = "support/api.rs"]
mod api;
#[path = "e2e/broker_killed.rs"]
mod broker_killed;
#[path = "e2e/burdens.rs"]
mod burdens;
#[path = "e2e/direct.rs"]
mod direct;
#[path = "support/emqx.rs"]
mod emqx;
#[path = "support/emqx_bans.rs"]
mod emqx_bans;
#[path = "support/fake_broker.rs"]
mod fake_broker;
#[path = "e2e/ground.rs"]
mod ground;
#[path = "e2e/hopeless.rs"]
mod hopeless;
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "e2e/nats.rs"]
mod nats;
#[path = "support/nats.rs"]
mod nats_server;
#[path = "e2e/no_subscriber.rs"]
mod no_subscriber;
#[path = "e2e/outage.rs"]
mod outage;
#[path = "e2e/paused.rs"]
mod paused;
#[path = "e2e/platform.rs"]
mod platform;
#[path = "support/postgresql.rs"]
mod postgresql;
#[path = "e2e/program.rs"]
mod program;
#[path = "e2e/remedy.rs"]
mod remedy;
#[path = "e2e/responses.rs"]
mod responses;
#[path = "e2e/restart.rs"]
mod restart;
#[path = "support/schemas.rs"]
mod schemas;
#[path = "e2e/security.rs"]
mod security;
#[path = "e2e/side_by_side.rs"]
mod side_by_side;
#[path = "e2e/slow_link.rs"]
mod slow_link;
#[path = "e2e/storm.rs"]
mod storm;
#[path = "e2e/valve.rs"]
mod valve;
#[path = "e2e/watcher.rs"]
mod watcher;

use line::Version;
use platform::Form;

/// What differs between the runs of a scenario.
struct Run {
    version: Version,
    /// Its name in lookout's configuration.
    protocol: &'static str,
    /// How each caller makes its calls known.
    callers: [Form; 2],
}

const MQTT_5: Run =
    Run { version: Version::V5, protocol: "5", callers: [Form::Client, Form::Properties] };

const MQTT_3: Run =
    Run { version: Version::V311, protocol: "3.1.1", callers: [Form::ReplyTo, Form::Session] };

/// Where lookout says that it is there.
const PRESENCE: &str = "observer/lookout-e2e";

/// lookout's configuration: shorter spans than the defaults where the scenarios would wait, in
/// the order of the defaults. A circuit opens visibly later than its service is unavailable, and
/// is tried before the finding ends, so that what comes first is no accident.
fn config(run: &Run, port: u16) -> String {
    let protocol = run.protocol;
    format!(
        r#"
cluster = "test"
id = "lookout-e2e"

[broker]
url = "mqtt://127.0.0.1:{port}"
protocol = "{protocol}"
backoff_min = "1s"
backoff_max = "1s"

[http]
listen = "127.0.0.1:0"

[dependencies]
OrderService = ["UserManagement"]
Billing = ["UserManagement"]

[patience]
min = "1s"

[verdict]
min_silence = "3s"
clear_after = "8s"

[circuit]
min_silence = "5s"
open_timeout = "4s"

[doubt]
after = "3s"
"#
    )
}

#[tokio::test]
async fn a_service_dies_and_comes_back_over_mqtt_5() {
    outage::plays_out(&MQTT_5).await;
}

#[tokio::test]
async fn a_service_dies_and_comes_back_over_mqtt_3() {
    outage::plays_out(&MQTT_3).await;
}

#[tokio::test]
async fn alerts_reach_people_without_a_broker() {
    alerts::reach_people_without_a_broker(&MQTT_5).await;
}

#[tokio::test]
async fn a_killed_lookout_goes_on_with_what_it_had_said_over_mqtt_5() {
    restart::takes_up_what_stood(&MQTT_5).await;
}

#[tokio::test]
async fn a_killed_lookout_goes_on_with_what_it_had_said_over_mqtt_3() {
    restart::takes_up_what_stood(&MQTT_3).await;
}

#[tokio::test]
async fn who_waits_for_a_service_that_is_gone_is_told_once_over_mqtt_5() {
    direct::told_once(&MQTT_5).await;
}

#[tokio::test]
async fn who_waits_for_a_service_that_is_gone_is_told_once_over_mqtt_3() {
    direct::told_once(&MQTT_3).await;
}

#[tokio::test]
async fn a_service_that_nobody_plays_any_more_is_known_before_a_call_times_out() {
    no_subscriber::said_before_a_timeout(&MQTT_5).await;
}

#[tokio::test]
async fn a_database_goes_and_its_services_are_consequences() {
    ground::one_incident_of_a_database_and_its_service(&MQTT_5).await;
}

#[tokio::test]
async fn a_broker_that_drops_and_dies_is_a_component_over_mqtt_3() {
    ground::a_broker_is_a_component(&MQTT_3).await;
}

#[tokio::test]
async fn a_critical_component_ends_lookout_if_that_is_set() {
    ground::a_critical_component_is_the_end(&MQTT_5).await;
}

#[tokio::test]
async fn a_service_killed_for_its_memory_is_restarted() {
    remedy::a_container_is_restarted(&MQTT_5).await;
}

#[tokio::test]
async fn guessed_passwords_are_an_attack_over_mqtt_5() {
    security::guessed_passwords_are_an_attack(&MQTT_5).await;
}

#[tokio::test]
async fn guessed_passwords_are_an_attack_over_mqtt_3() {
    security::guessed_passwords_are_an_attack(&MQTT_3).await;
}

#[tokio::test]
async fn who_speaks_in_lookouts_place_is_an_attack_over_mqtt_5() {
    security::who_speaks_in_lookouts_place_is_an_attack(&MQTT_5).await;
}

#[tokio::test]
async fn who_speaks_in_lookouts_place_is_an_attack_over_mqtt_3() {
    security::who_speaks_in_lookouts_place_is_an_attack(&MQTT_3).await;
}

#[tokio::test]
async fn whom_emqx_bans_is_told() {
    security::whom_emqx_bans_is_told(&MQTT_5).await;
}

#[tokio::test]
async fn what_is_done_about_an_attack_is_done_once_and_undone_over_mqtt_5() {
    responses::done_and_undone(&MQTT_5).await;
}

#[tokio::test]
async fn a_killed_lookout_undoes_what_it_had_done_over_mqtt_3() {
    responses::undone_by_the_next_run(&MQTT_3).await;
}

#[tokio::test]
async fn a_dry_run_does_nothing_and_nobody_who_is_spared_is_touched() {
    responses::nothing_is_touched(&MQTT_5).await;
}

#[tokio::test]
async fn a_stolen_session_is_recorded_without_what_it_says() {
    responses::evidence_is_kept(&MQTT_3).await;
}

#[tokio::test]
async fn nats_is_observed_over_mqtt_3() {
    nats::is_observed(&MQTT_3).await;
}

#[tokio::test]
async fn nats_asked_for_mqtt_5_leads_to_the_setting() {
    nats::refuses_mqtt_5(&MQTT_5).await;
}

#[tokio::test]
async fn two_lookouts_say_everything_twice_and_one_says_it_once() {
    side_by_side::duplicates_and_no_gaps(&MQTT_3).await;
}

#[tokio::test]
async fn a_lookout_that_stood_still_blames_nobody() {
    paused::blames_nobody(&MQTT_5).await;
}

#[tokio::test]
async fn what_is_held_up_on_the_way_is_nobodys_fault() {
    slow_link::blames_nobody(&MQTT_5, valve::Flow::Held).await;
}

#[tokio::test]
async fn a_trickle_is_nobodys_fault() {
    // About a quarter of what the broker has to say.
    slow_link::blames_nobody(&MQTT_3, valve::Flow::Trickle(100)).await;
}

#[tokio::test]
async fn a_broker_killed_in_a_storm_of_calls_is_nobodys_fault() {
    storm::blames_nobody(&MQTT_5).await;
}

#[tokio::test]
async fn a_killed_broker_is_nobodys_fault_over_mqtt_5() {
    broker_killed::blames_nobody(&MQTT_5).await;
}

#[tokio::test]
async fn a_killed_broker_is_nobodys_fault_over_mqtt_3() {
    broker_killed::blames_nobody(&MQTT_3).await;
}
