//! Ports, pages, the disk and the memory of this host.

use crate::kit::{assert_found, assert_well, check, facts, look};
use lookout::observer::input::Severity;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

#[tokio::test]
async fn a_port_lets_connect_or_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = format!("kind = \"tcp\"\nurl = \"tcp://127.0.0.1:{port}\"");
    let found = look(&mut *check(&lines)).await;
    assert_well(&found);
    assert!(facts(&found)["connectMs"].is_number());
    drop(listener);
    let found = look(&mut *check(&lines)).await;
    assert_found(&found, Severity::Critical, "refused");
    assert!(!found.is_definite(), "a restart refuses too");
    let found = look(&mut *check("kind = \"tcp\"\nurl = \"tcp://nobody.invalid:1\"")).await;
    assert_found(&found, Severity::Critical, "nobody.invalid:1");
}

/// A page that gives one answer to whoever asks; what was asked comes back.
fn page(answer: &'static str) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, questions) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap_or(0);
            let _ = asked.send(String::from_utf8_lossy(&buffer[..read]).into_owned());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, questions)
}

#[tokio::test]
async fn a_page_is_good_by_status_and_text() {
    let (port, questions) = page(
        "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"status\":\"UP\"}",
    );
    let at = format!("kind = \"http\"\nurl = \"http://127.0.0.1:{port}/health\"\n");
    assert_well(&look(&mut *check(&at)).await);
    assert!(questions.recv().unwrap().starts_with("GET /health HTTP/1.1\r\n"));
    let up = r#"contains = '"status":"UP"'"#;
    assert_well(&look(&mut *check(&format!("{at}{up}"))).await);
    let found = look(&mut *check(&format!("{at}contains = \"DOWN\""))).await;
    assert_found(&found, Severity::Critical, "does not hold \"DOWN\"");
    let found = look(&mut *check(&format!("{at}status = [204]"))).await;
    assert_found(&found, Severity::Critical, "status 200");
}

#[tokio::test]
async fn a_page_that_refuses_moves_or_babbles_is_down() {
    for (answer, part) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "status 503"),
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", "status 401"),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            "status 302",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", "error"),
        ("", "error"),
    ] {
        let (port, questions) = page(answer);
        let lines = format!(
            "kind = \"http\"\nurl = \"http://127.0.0.1:{port}\"\nuser = \"u\"\npassword = \"hunter2\""
        );
        let found = look(&mut *check(&lines)).await;
        assert_found(&found, Severity::Critical, part);
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        // u:hunter2
        assert!(questions.recv().unwrap().contains("authorization: Basic dTpodW50ZXIy\r\n"));
    }
}

#[tokio::test]
async fn a_token_is_a_bearer() {
    let (port, questions) = page("HTTP/1.1 204 No Content\r\n\r\n");
    let lines = format!("kind = \"http\"\nurl = \"http://127.0.0.1:{port}\"\npassword = \"abc\"");
    assert_well(&look(&mut *check(&lines)).await);
    assert!(questions.recv().unwrap().contains("authorization: Bearer abc\r\n"));
}

#[tokio::test]
async fn a_disk_is_full_from_a_share_on() {
    let here = std::env::temp_dir();
    let disk = |limits: &str| format!("kind = \"disk\"\npath = {here:?}\n{limits}");
    let found = look(&mut *check(&disk("warn_at = 1.0\nfail_at = 1.0"))).await;
    let facts = facts(&found);
    assert!(facts["totalBytes"].as_u64() > facts["freeBytes"].as_u64(), "{facts}");
    let share = facts["usedShare"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&share), "{facts}");
    let found = look(&mut *check(&disk("warn_at = 1e-9\nfail_at = 1.0"))).await;
    assert_found(&found, Severity::Warning, "of the space of");
    let found = look(&mut *check(&disk("warn_at = 1e-9\nfail_at = 1e-9"))).await;
    assert_found(&found, Severity::Error, "of the space of");
    assert!(found.is_definite());
    let found = look(&mut *check("kind = \"disk\"\npath = \"/nowhere/at/all\"")).await;
    assert_found(&found, Severity::Critical, "/nowhere/at/all");
}

#[tokio::test]
async fn memory_is_scarce_from_a_share_on() {
    let found = look(&mut *check("kind = \"memory\"\nmax_memory = 0.0001")).await;
    assert_found(&found, Severity::Warning, "of the memory of");
    let facts = facts(&found);
    assert!(facts["totalBytes"].as_u64() > facts["availableBytes"].as_u64(), "{facts}");
}

/// A server as it comes with Python, on a port of its own; it ends with the value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_server_is_there_lacks_a_page_and_goes() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("health.json"), r#"{"status":"UP"}"#).unwrap();
    let mut child = Command::new("python3")
        .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3");
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let server = Server(child);
    // `Serving HTTP on 127.0.0.1 port 43211 (http://…) ...`
    let port = said.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a port");
    let at = |page: &str| {
        format!("kind = \"http\"\nurl = \"http://127.0.0.1:{port}/{page}\"\nslow = \"1m\"\n")
    };
    let found = look(&mut *check(&format!("{}contains = \"UP\"", at("health.json")))).await;
    assert_well(&found);
    assert_eq!(facts(&found)["status"], 200);
    let found = look(&mut *check(&at("nothing"))).await;
    assert_found(&found, Severity::Critical, "status 404");
    let mut probe = check(&at("health.json"));
    assert_well(&look(&mut *probe).await);
    drop(server);
    let found = look(&mut *probe).await;
    assert_found(&found, Severity::Critical, "refused");
}
