//! What is asked for wrongly gets a problem that names what is wrong, and nothing of the
//! configuration.

use crate::kit::{Platform, TOKEN, read};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CIRCUIT: &str = "/api/v1/circuits/Catalogue";

#[tokio::test]
async fn wrong_requests_get_a_problem_that_names_what_is_wrong() {
    let platform = Platform::healthy("").await;
    let good = format!("Bearer {TOKEN}");
    let long = format!("Bearer {}", "x".repeat(5_000));
    let large = "x".repeat(5_000);
    let state = r#"{"state":"disabled"}"#;
    let json = "application/json";
    // Method, path, Authorization, Content-Type, body; status and words.
    let rows: &[(&str, &str, &str, &str, &str, u16, &str)] = &[
        ("GET", "/nothing", "", "", "", 404, "no such path"),
        ("GET", "/api/v1", "", "", "", 404, "no such path"),
        ("GET", "/page/../Cargo.toml", "", "", "", 404, "no such path"),
        ("GET", "/page/..%2f..%2fetc%2fpasswd", "", "", "", 404, "no such file"),
        ("POST", "/metrics", "", "", "", 405, "Allow"),
        ("DELETE", "/api/v1/services", "", "", "", 405, "Allow"),
        ("GET", CIRCUIT, "", "", "", 405, "Allow"),
        ("GET", "/metrics?match=x", "", "", "", 400, "unknown parameter \"match\"; known: none"),
        ("GET", "/api/v1/services?verdict=bad", "", "", "", 400, "`verdict` is one of healthy"),
        ("GET", "/api/v1/services?history=maybe", "", "", "", 400, "`history` is true or false"),
        ("GET", "/api/v1/advice?most=201", "", "", "", 400, "`most` is a number from 0 to 200"),
        ("GET", "/api/v1/incidents?open=x", "", "", "", 400, "`open` is true or false"),
        (
            "GET",
            "/api/v1/events?with=everything",
            "",
            "",
            "",
            400,
            "`with` is overview or services",
        ),
        (
            "GET",
            "/api/v1/events?recent=1001",
            "",
            "",
            "",
            400,
            "`recent` is a number from 0 to 1000",
        ),
        ("GET", "/livez?exclude=lnik", "", "", "", 400, "there is no check \"lnik\""),
        ("GET", "/readyz?verbos", "", "", "", 400, "unknown parameter \"verbos\""),
        ("GET", "/api/v1/services/Nobody", "", "", "", 404, "no such service"),
        ("GET", "/api/v1/services/%ff%fe", "", "", "", 400, "not UTF-8"),
        ("POST", CIRCUIT, "", json, state, 401, "a token is needed"),
        ("POST", CIRCUIT, "Basic YTpi", json, state, 401, "a token is needed"),
        ("POST", CIRCUIT, "Bearer wrong", json, state, 401, "not known"),
        ("POST", CIRCUIT, &long, json, state, 401, "not known"),
        ("POST", CIRCUIT, &good, "text/plain", state, 415, "application/json"),
        ("POST", CIRCUIT, &good, "", state, 415, "application/json"),
        ("POST", CIRCUIT, &good, json, "", 400, "{\"state\": …}"),
        ("POST", CIRCUIT, &good, json, r#"{"state":"open"}"#, 400, "{\"state\": …}"),
        ("POST", CIRCUIT, &good, json, r#"{"state":"disabled","more":1}"#, 400, "{\"state\": …}"),
        ("POST", CIRCUIT, &good, json, "[[[[", 400, "{\"state\": …}"),
        ("POST", CIRCUIT, &good, json, &large, 413, "at most 4096 bytes"),
        ("POST", "/api/v1/circuits/Nobody", &good, json, state, 404, "no such service"),
    ];
    for (method, path, token, kind, body, status, words) in rows {
        let mut request = platform.ask(method, path).body((*body).to_owned());
        for (name, value) in [("authorization", token), ("content-type", kind)] {
            if !value.is_empty() {
                request = request.header(name, *value);
            }
        }
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        let (told, problem) = read(response).await;
        assert_eq!(told, *status, "{method} {path}: {problem}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{method} {path}");
        assert_eq!(headers["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(problem["status"], *status, "{method} {path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{method} {path}: {problem}");
        if *status == 405 {
            assert!(headers.contains_key("allow"), "{method} {path}");
        }
        if *status == 401 {
            assert_eq!(headers["www-authenticate"], "Bearer");
        }
        let text = problem.to_string();
        assert!(!text.contains(TOKEN) && !text.contains("mqtt://"), "{text}");
    }
    // Not one of them changed anything.
    let (_, circuits) = platform.json("/api/v1/circuits").await;
    assert_eq!(circuits["circuits"][0]["mode"], "automatic", "{circuits}");
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing_by_giving_itself_our_address() {
    let platform = Platform::start("").await;
    let response =
        platform.get("/api/v1/overview").header("host", "evil.example").send().await.unwrap();
    let (status, problem) = read(response).await;
    assert_eq!(status, 421);
    assert!(problem["detail"].as_str().unwrap().contains("`http.listen`"), "{problem}");
    assert_eq!(platform.json("/api/v1/overview").await.0, 200);
}

/// Sends bytes as they are, and reads all that comes back.
async fn raw(platform: &Platform, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(platform.lookout.host()).await.unwrap();
    // The server may answer, and close, before it has read it all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_no_http_or_too_much_of_it_ends_that_connection_only() {
    let platform = Platform::start("").await;
    let header =
        format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let headers: String = (0..1_000).map(|at| format!("X{at}: y\r\n")).collect();
    let headers = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    let query = format!(
        "GET /livez?{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "verbose&".repeat(100)
    );
    let path = format!(
        "GET /{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "a/".repeat(2_000)
    );
    let cases: [(&[u8], &str); 6] = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no HTTP at all\r\n\r\n", "HTTP/1.1 400"),
        (b"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400"),
        (header.as_bytes(), "HTTP/1.1 431"),
        (headers.as_bytes(), "HTTP/1.1 431"),
        (query.as_bytes(), "HTTP/1.1 400"),
        (path.as_bytes(), "HTTP/1.1 404"),
    ];
    for (bytes, wanted) in cases {
        let answer = raw(&platform, bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert!(answer.starts_with(wanted) || answer.is_empty(), "{shown:?}: {answer}");
        assert_eq!(platform.json("/livez").await, (200, json!("ok")), "{shown:?}");
    }
}
