//! Asking the lookout that runs: a small server answers in its place.

use crate::{advise, stdout, text};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::SocketAddr;
use std::process::Output;
use tokio::net::TcpListener;

/// A server that gives this answer, for as long as the test lasts.
async fn serve(status: StatusCode, body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/api/v1/advice", get(move || async move { (status, body) }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn ask(arguments: Vec<String>) -> Output {
    let run = move || {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        advise(&arguments).output().expect("the program runs")
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

const ADVICE: &str = r#"{"at":"2026-11-30T21:25:00.000Z","judged":1,"tooLittle":0,"troubled":0,"leftOut":0,
    "findings":[{"kind":"slow_replies","service":"A\u001b]0;x\u0007","priority":"high","score":3.5,
    "from":"2026-11-30T10:00:00.000Z","hours":11.4,"evidence":[{"name":"p95","value":6000,"unit":"ms"}],
    "impact":"it is slow","suggestion":"be quick","more":"of another version"}]}"#;

#[tokio::test]
async fn the_lookout_that_runs_here_is_asked() {
    let address = serve(StatusCode::OK, ADVICE).await;
    let listen = format!("http.listen={address}");
    for arguments in [
        vec!["--url".to_owned(), format!("http://{address}")],
        vec!["--url".to_owned(), format!("http://{address}/")],
        vec!["--set".to_owned(), listen.clone()],
    ] {
        let shown = stdout(&ask(arguments.clone()).await);
        let wanted = r"1. high slow_replies: A\u{1b}]0;x\u{7}
   it is slow
   try: be quick
   rests on 11.4 h of traffic since 2026-11-30T10:00:00.000Z: p95 6000 ms
";
        assert!(shown.ends_with(wanted), "{arguments:?}\n{shown}");
    }
    let json = stdout(&ask(vec!["--json".to_owned(), "--set".to_owned(), listen]).await);
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["findings"][0]["hours"], 11.4);
}

#[tokio::test]
async fn whatever_else_answers_is_a_failure() {
    for (status, body, wanted) in [
        (StatusCode::NOT_FOUND, "there is no such path", "404 Not Found\nthere is no such path"),
        (StatusCode::OK, "<html>\u{1b}[2J", "does not answer with a JSON object"),
        (StatusCode::OK, "[]", "does not answer with a JSON object"),
        (StatusCode::OK, "{\"findings\":7}", "this is no advice"),
    ] {
        let address = serve(status, body).await;
        let output = ask(vec!["--url".to_owned(), format!("http://{address}")]).await;
        assert_eq!(output.status.code(), Some(1), "{body}");
        let said = text(&output.stderr);
        assert!(said.contains(wanted) && !said.contains('\u{1b}'), "{said}");
        assert_eq!(text(&output.stdout), "");
    }
}

#[tokio::test]
async fn without_a_server_there_is_nothing_to_ask() {
    let output = ask(vec!["--set".to_owned(), "http.listen=off".to_owned()]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing to ask"));
}
