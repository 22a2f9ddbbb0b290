//! The HTTP server: a read-only view for machines. It shows what it is given and decides nothing.
//!
//! `GET /metrics` is all there is yet. No request has a body that is read, and `limits` bounds
//! how many connections there are and how long each may last, so that a slow or hostile scraper
//! costs a known amount.

mod limits;

use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use limits::Limited;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The content type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4";

/// A server that is bound and not yet serving.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds the address of `http.listen`; with port 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound; the error names the setting.
    pub async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let bind = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok::<_, std::io::Error>(Self { listener, address })
        };
        bind.await.with_context(|| format!("`http.listen` = \"{address}\" cannot be bound"))
    }

    /// The address it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the future is dropped; `metrics` renders the page.
    ///
    /// # Errors
    ///
    /// If the server fails as a whole; a failing connection costs that connection only.
    pub async fn serve(
        self,
        metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<()> {
        let page = move || async move { ([(CONTENT_TYPE, METRICS_TYPE)], metrics()) };
        let routes = Router::new().route("/metrics", get(page));
        axum::serve(Limited::new(self.listener), routes).await.context("the HTTP server failed")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn ask(request: &str) -> String {
        let server = Server::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = server.address();
        let serving = tokio::spawn(server.serve(|| "up 1\n".to_owned()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        serving.abort();
        answer
    }

    #[tokio::test]
    async fn metrics_are_served_and_nothing_else() {
        let rest = "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
        let answer = ask(&format!("GET /metrics {rest}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("content-type: text/plain; version=0.0.4\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nup 1\n"), "{answer}");

        for (request, status) in [
            (format!("GET / {rest}\r\n"), "404"),
            (format!("POST /metrics {rest}Content-Length: 0\r\n\r\n"), "405"),
        ] {
            let answer = ask(&request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    }

    #[tokio::test]
    async fn an_address_in_use_names_the_setting() {
        let first = Server::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let error = Server::bind(first.address()).await.unwrap_err();
        assert!(format!("{error:#}").contains("`http.listen`"), "{error:#}");
    }
}
