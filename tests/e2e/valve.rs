//! The cable between lookout and the broker, with a valve for what comes from the broker.
//!
//! Whatever the valve, all that the broker sends is taken at once and kept here: to the broker the
//! link is never slow, so it drops nothing, and all of it arrives in the end, late. The other
//! direction is always free.

use bytes::{Buf, BytesMut};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How often a trickle passes some bytes.
const DROP: Duration = Duration::from_millis(20);

/// What passes from the broker to lookout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// All, at once.
    Free,
    /// Nothing.
    Held,
    /// So many bytes every 20 ms.
    Trickle(usize),
}

/// A running cable; gone with the value.
pub struct Valve {
    port: u16,
    flow: watch::Sender<Flow>,
    task: JoinHandle<()>,
}

impl Valve {
    /// Lays a cable to the broker at a port.
    pub async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (flow, watched) = watch::channel(Flow::Free);
        let task = tokio::spawn(async move {
            let mut cables = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                cables.spawn(pass(near, broker, watched.clone()));
            }
        });
        Self { port, flow, task }
    }

    /// Where it begins.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets what passes from now on.
    pub fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes both ways until an end closes.
async fn pass(
    near: TcpStream,
    broker: u16,
    mut flow: watch::Receiver<Flow>,
) -> std::io::Result<()> {
    let far = TcpStream::connect(("127.0.0.1", broker)).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let up = async move { tokio::io::copy(&mut from_near, &mut to_far).await.map(|_| ()) };
    let down = async move {
        let mut kept = BytesMut::new();
        let mut drops = tokio::time::interval(DROP);
        loop {
            let mut dropped = false;
            tokio::select! {
                read = from_far.read_buf(&mut kept) => if read? == 0 { return Ok(()) },
                changed = flow.changed() => if changed.is_err() { return Ok(()) },
                _ = drops.tick() => dropped = true,
            }
            let most = match *flow.borrow() {
                Flow::Free => kept.len(),
                Flow::Trickle(bytes) if dropped => bytes.min(kept.len()),
                Flow::Trickle(_) | Flow::Held => 0,
            };
            to_near.write_all(&kept[..most]).await?;
            kept.advance(most);
        }
    };
    tokio::select! {
        end = up => end,
        end = down => end,
    }
}
