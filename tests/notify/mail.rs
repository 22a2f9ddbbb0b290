//! Mails of Alertmanager about a service whose name means harm: no header of its own, no markup.

use crate::alertmanager::Alertmanager;
use crate::{Telling, alert};
use lookout::observer::alert::Severity;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A mail server that takes one mail after the other; the mails as they came.
fn post_office() -> (u16, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, mails) = unbounded_channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Some(mail) = take(stream) {
                let _ = tell.send(mail);
            }
        }
    });
    (port, mails)
}

/// The least of SMTP (RFC 5321) that takes a mail.
fn take(mut stream: TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    stream.write_all(b"220 here\r\n").ok()?;
    let mut mail = None;
    while let Some(Ok(line)) = lines.next() {
        let answer: &[u8] = match line.get(..4) {
            Some("DATA") => {
                stream.write_all(b"354 go on\r\n").ok()?;
                let text: Vec<_> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                mail = Some(text.join("\n"));
                b"250 taken\r\n"
            }
            Some("QUIT") => {
                let _ = stream.write_all(b"221 bye\r\n");
                break;
            }
            _ => b"250 fine\r\n",
        };
        stream.write_all(answer).ok()?;
    }
    mail
}

/// Quoted-printable (RFC 2045) as text.
fn decoded(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'=') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_name_that_means_harm_is_text_in_a_mail() {
    let (port, mut mails) = post_office();
    let alertmanager = Alertmanager::start(&format!(
        "global: {{smtp_smarthost: '127.0.0.1:{port}', smtp_from: l@example, smtp_require_tls: false}}\n\
         route: {{receiver: mail, group_by: [alertname, service], group_wait: 0s}}\n\
         receivers: [{{name: mail, email_configs: [{{to: team@example}}]}}]\n"
    ))
    .await;
    let telling = Telling::start(&format!("[[alertmanager]]\nurl = \"{}\"\n", alertmanager.url()));
    let name =
        "x\r\nBcc: evil@example\r\n\r\n<script>alert(1)</script>\u{202e}<img src=a onerror=b>";
    telling.tell(&[alert("A", name, Severity::Critical, telling.now())], &[]);
    let mail = tokio::time::timeout(std::time::Duration::from_secs(60), mails.recv()).await;
    let mail = mail.unwrap().unwrap();
    let (head, body) = mail.split_once("\n\n").unwrap();
    assert!(head.lines().any(|line| line.starts_with("Subject: ")), "{head}");
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    let body = decoded(body);
    assert!(body.contains("is unavailable") && body.contains("&lt;script&gt;"), "{body}");
    for harm in ["<script>alert", "<img src=a", "\u{202e}"] {
        assert!(!body.contains(harm), "{harm}: {body}");
    }
}
