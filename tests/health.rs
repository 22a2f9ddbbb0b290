//! `lookout health` from outside: against a small server that gives what it is told to, and against
//! a real `lookout run`.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::process::Command;

/// A server whose health is what the path says.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sick = (StatusCode::SERVICE_UNAVAILABLE, "[-]subscribed\x1b[31m failed\nnot ready\n");
    let routes = Router::new()
        .route("/readyz", get(move || async move { sick }))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/moved", get(|| async { Redirect::temporary("/livez") }))
        .route("/long", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "x".repeat(1 << 20)) }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// Runs the command; gives its exit code and what it said on both outputs.
async fn health(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    // A proxy that is set for everybody else would be asked in place of the lookout that is meant.
    command.env("http_proxy", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
    command.arg("health").args(arguments).envs(environment.iter().copied());
    let ended = command.output().await.unwrap();
    assert!(ended.stdout.is_empty(), "{ended:?}");
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[tokio::test]
async fn the_exit_code_is_what_the_page_says() {
    let server = serve().await;
    let listen = format!("http.listen={server}");

    let (code, said) = health(&["/livez", "--set", &listen], &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));

    // Ready is what is asked for by default; the body is shown, and nothing that moves a cursor.
    let (code, said) = health(&["--set", &listen], &[]).await;
    assert_eq!(code, Some(1), "{said}");
    let expected = format!(
        "http://{server}/readyz: 503 Service Unavailable\n[-]subscribed [31m failed\nnot ready\n"
    );
    assert_eq!(said, expected);

    let (code, said) = health(&[&format!("http://{server}/livez")], &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    // What is elsewhere says nothing about the page that was asked for.
    let (code, said) = health(&["/moved", "--set", &listen], &[]).await;
    assert!(code == Some(1) && said.contains("307"), "{said}");
    let (code, said) = health(&["/long", "--set", &listen], &[]).await;
    assert!(code == Some(1) && said.len() < 70_000, "{} bytes", said.len());
}

#[tokio::test]
async fn the_settings_are_those_of_run() {
    let port = serve().await.port();
    // As in a container: lookout listens on every address, and is asked on the loopback.
    let everywhere = format!("0.0.0.0:{port}");
    let (code, said) = health(&["/livez"], &[("LOOKOUT_HTTP_LISTEN", &everywhere)]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lookout.toml");
    std::fs::write(&file, format!("[http]\nlisten = \"127.0.0.1:{port}\"\n")).unwrap();
    let (code, said) = health(&["/livez", "--config", file.to_str().unwrap()], &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn what_cannot_be_asked_is_named() {
    let (code, said) = health(&["--set", "http.listen=off"], &[]).await;
    assert!(code == Some(1) && said.contains("`http.listen`"), "{said}");
    let (code, said) = health(&["--set", "http.listen=yes"], &[]).await;
    assert!(code == Some(64) && said.contains("http.listen"), "{said}");
    for odd in ["https://127.0.0.1/readyz", "readyz", "file:///etc/passwd"] {
        let (code, said) = health(&[odd], &[]).await;
        assert!(code == Some(1) && said.contains("no address such as"), "{odd}: {said}");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/readyz", listener.local_addr().unwrap());
    drop(listener);
    let (code, said) = health(&[&nobody], &[]).await;
    assert!(code == Some(1) && said.contains("no answer from"), "{said}");
}
