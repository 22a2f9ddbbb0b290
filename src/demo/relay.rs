//! A TCP relay that can be cut: the cable between lookout and the broker.
//!
//! Cut, it drops every connection without a goodbye and hangs up on whoever connects; mended, it
//! passes bytes again. The listener stays open all the while, so that its port remains its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A running relay; stopped when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    whole: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay to `target` on a free port of the loopback.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (whole, watched) = watch::channel(true);
        let task = tokio::spawn(accept(listener, target, watched));
        Ok(Self { address, whole, task })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Drops every connection and hangs up on new ones.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, whole: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        // Taking the connection and dropping it is the hang-up.
        if let (Ok((near, _)), true) = (accepted, *whole.borrow()) {
            connections.spawn(pass(near, target, whole.clone()));
        }
    }
}

/// Passes bytes both ways until an end closes or the relay is cut.
async fn pass(mut near: TcpStream, target: SocketAddr, mut whole: watch::Receiver<bool>) {
    let passing = async {
        let mut far = TcpStream::connect(target).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        tokio::io::copy_bidirectional(&mut near, &mut far).await
    };
    tokio::select! {
        _ = passing => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
