//! A cable to the broker that can be cut for one client alone: everybody else goes on.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A cable, whole at first; gone with the value.
pub struct Cable {
    port: u16,
    whole: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Cable {
    /// Lays a cable to the broker at a port.
    pub async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (whole, mut watched) = watch::channel(true);
        let task = tokio::spawn(async move {
            while watched.wait_for(|whole| *whole).await.is_ok() {
                // Whoever connects while it is cut waits in the queue of the listener.
                tokio::select! {
                    () = pass(&listener, broker) => {}
                    _ = watched.wait_for(|whole| !*whole) => {}
                }
            }
        });
        Self { port, whole, task }
    }

    /// Where it begins.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes both ways, for everybody who connects; the connections end with the future.
async fn pass(listener: &TcpListener, broker: u16) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut far = TcpStream::connect(("127.0.0.1", broker)).await?;
            tokio::io::copy_bidirectional(&mut near, &mut far).await
        });
    }
}
