//! Commands of Azure IoT Operations as its crate makes them: `cargo run -- PORT`, with a broker there
//! that takes anyone. Recorded in `tests/dialects/azure-mrpc.ndjson`. The executor `oven`
//! answers `add`; requests that it cannot read are refused by the crate (400), and requests that it
//! drops are answered by the crate as failures (500). Prints what the invoker counted.

use azure_iot_operations_mqtt::aio::connection_settings::MqttConnectionSettingsBuilder;
use azure_iot_operations_mqtt::session::{Session, SessionOptionsBuilder};
use azure_iot_operations_protocol::application::ApplicationContextBuilder;
use azure_iot_operations_protocol::common::payload_serialize::{
    DeserializationError, FormatIndicator, PayloadSerialize, SerializedPayload,
};
use azure_iot_operations_protocol::rpc_command::{executor, invoker};
use std::collections::HashMap;
use std::time::Duration;

const TOPIC: &str = "rpc/command-samples/{executorId}/{commandName}";

#[derive(Clone, Debug)]
struct Number(i64);

#[derive(Debug, thiserror::Error)]
#[error("no number")]
struct NoNumber;

impl PayloadSerialize for Number {
    type Error = NoNumber;

    fn serialize(self) -> Result<SerializedPayload, NoNumber> {
        Ok(SerializedPayload {
            payload: if self.0 < 0 { b"?".to_vec() } else { self.0.to_string().into_bytes() },
            content_type: "text/plain".to_owned(),
            format_indicator: FormatIndicator::Utf8EncodedCharacterData,
        })
    }

    fn deserialize(
        payload: &[u8],
        _: Option<&String>,
        _: &FormatIndicator,
    ) -> Result<Self, DeserializationError<NoNumber>> {
        let text = std::str::from_utf8(payload).ok();
        let number = text.and_then(|text| text.parse().ok()).map(Number);
        number.ok_or(DeserializationError::InvalidPayload(NoNumber))
    }
}

fn session(name: &str, port: u16) -> Session {
    let settings = MqttConnectionSettingsBuilder::default()
        .client_id(name)
        .hostname("127.0.0.1")
        .tcp_port(port)
        .use_tls(false)
        .build()
        .unwrap();
    let options = SessionOptionsBuilder::default().connection_settings(settings).build().unwrap();
    Session::new(options).unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).expect("a port");
    let (far, near) = (session("oven", port), session("panel", port));
    let words = [("executorId", "oven"), ("commandName", "add")];
    let oven = HashMap::from(words.map(|(token, word)| (token.to_owned(), word.to_owned())));
    let context = || ApplicationContextBuilder::default().build().unwrap();
    let options = executor::OptionsBuilder::default()
        .request_topic_pattern(TOPIC)
        .command_name("add")
        .topic_token_map(oven.clone())
        .build()
        .unwrap();
    let mut served: executor::Executor<Number, Number> =
        executor::Executor::new(context(), far.create_managed_client(), options).unwrap();
    let options = invoker::OptionsBuilder::default()
        .request_topic_pattern(TOPIC)
        .command_name("add")
        .topic_token_map(oven)
        .build()
        .unwrap();
    let calls: invoker::Invoker<Number, Number> =
        invoker::Invoker::new(context(), near.create_managed_client(), options).unwrap();
    let serve = async {
        while let Some(request) = served.recv().await {
            let request = request.unwrap();
            if request.payload.0 % 5 == 4 {
                continue;
            }
            let sum = Number(request.payload.0 + 1);
            let response =
                executor::ResponseBuilder::default().payload(sum).unwrap().build().unwrap();
            request.complete(response).await.unwrap();
        }
    };
    let invoke = async {
        let (mut ok, mut rejected, mut failed) = (0, 0, 0);
        // The executor subscribes meanwhile; a request before that would go nowhere.
        tokio::time::sleep(Duration::from_secs(1)).await;
        for at in 0..40 {
            let number = Number(if at % 8 == 7 { -1 } else { at });
            let request = invoker::RequestBuilder::default()
                .payload(number)
                .unwrap()
                .timeout(Duration::from_secs(5))
                .build()
                .unwrap();
            match calls.invoke(request).await {
                Ok(_) => ok += 1,
                Err(error) => {
                    let text = format!("{error:?}");
                    eprintln!("{text}");
                    if text.contains("PayloadInvalid") || text.contains("HeaderInvalid") {
                        rejected += 1;
                    } else {
                        failed += 1;
                    }
                }
            }
        }
        println!(r#"{{"calls":40,"ok":{ok},"rejected":{rejected},"failed":{failed}}}"#);
    };
    tokio::select! {
        () = serve => {}
        () = invoke => {}
        ended = far.run() => ended.unwrap(),
        ended = near.run() => ended.unwrap(),
    }
}
