//! Anything that answers over HTTP: its status, what it says, and how soon.
//!
//! No redirect is followed and no proxy is asked: it is this address that is looked at, and a
//! password is for it alone.

use super::Probe;
use crate::clock::Stopwatch;
use crate::config::Server;
use crate::observer::Span;
use crate::platform::words::because;
use crate::probe::found::{Found, Trouble};
use anyhow::Context;
use futures_util::future::BoxFuture;
use reqwest::{Client, redirect};

/// How much of an answer is read, in bytes.
const READ: usize = 64 << 10;

/// An address.
pub(super) struct Http {
    client: Client,
    at: Server,
    slow: Span,
    status: Vec<u16>,
    contains: Option<String>,
}

impl Http {
    /// What is at an address, and which of its answers are good.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(
        at: &Server,
        slow: Span,
        status: &[u16],
        contains: Option<&str>,
    ) -> anyhow::Result<Self> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tls_backend_preconfigured((*at.tls.0).clone())
            .build()
            .context("no HTTP client")?;
        let contains = contains.map(str::to_owned);
        Ok(Self { client, at: at.clone(), slow, status: status.to_vec(), contains })
    }

    async fn ask(&self) -> Found {
        let watch = Stopwatch::start();
        let (status, body) = match self.answer().await {
            Ok(answer) => answer,
            Err(error) => {
                let message = format!("{}: {}", self.at.url, because(&error.without_url()));
                return Found::only(
                    Trouble::down("unreachable", message)
                        .advice("Check that the server runs, its address and its certificate"),
                );
            }
        };
        let took = watch.elapsed();
        let mut found = Found::new();
        found.detail("status", status);
        found.detail("answerMs", took.as_millis_f64());
        let good = match self.status.as_slice() {
            [] => (200..300).contains(&status),
            codes => codes.contains(&status),
        };
        if !good {
            let login = matches!(status, 401 | 403);
            let trouble = Trouble::down("bad_answers", format!("answers with status {status}"));
            found.trouble(if login {
                trouble.advice("Check `user` and `password_file` of the check")
            } else {
                trouble.advice("Look into the log of the server")
            });
        } else if let Some(text) = self.contains.as_deref().filter(|text| !holds(&body, text)) {
            let message = format!("the answer does not hold {text:?}");
            found.trouble(Trouble::down("bad_answers", message));
        }
        if took > self.slow {
            let message = format!("took {took} to answer (limit {})", self.slow);
            found.trouble(Trouble::warning("slow_answers", message));
        }
        found
    }

    async fn answer(&self) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let request = self.client.get(self.at.url.clone());
        let request = match (&self.at.user, &self.at.password) {
            (Some(user), password) => {
                request.basic_auth(user, password.as_ref().map(|word| &word.0))
            }
            (None, Some(token)) => request.bearer_auth(&token.0),
            (None, None) => request,
        };
        let mut answer = request.send().await?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            let room = READ - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() == READ {
                break;
            }
        }
        Ok((status, body))
    }
}

fn holds(body: &[u8], text: &str) -> bool {
    memchr::memmem::find(body, text.as_bytes()).is_some()
}

impl Probe for Http {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }
}
