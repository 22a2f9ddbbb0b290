//! A broker played by hand, for what a real one does not do on demand: refuse a filter, forget
//! to acknowledge, hang up in the middle.
//!
//! It understands just enough of MQTT 5 and 3.1.1 to follow what a session sends.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::config::Protocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A listening broker.
#[derive(Debug)]
pub struct FakeBroker {
    listener: TcpListener,
    protocol: Protocol,
}

/// A connection to it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    protocol: Protocol,
}

/// A publication with QoS 1 as it was received.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    pub packet: u16,
    pub topic: String,
    pub payload: String,
    pub retain: bool,
}

impl FakeBroker {
    /// Listens on a free port.
    pub async fn start(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, protocol }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Accepts the next connection and its CONNECT.
    pub async fn accept(&self) -> Connection {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut connection = Connection { stream, protocol: self.protocol };
        let (kind, _) = connection.read().await;
        assert_eq!(kind >> 4, 1, "a CONNECT");
        let accepted: &[u8] = match self.protocol {
            Protocol::V5 => &[0x20, 3, 0, 0, 0],
            Protocol::V311 => &[0x20, 2, 0, 0],
        };
        connection.write(accepted).await;
        connection
    }
}

impl Connection {
    /// Reads a SUBSCRIBE and answers it with these codes, and grants the canary, which is the
    /// last; gives the other filters.
    pub async fn answer_subscription(&mut self, codes: &[u8]) -> Vec<String> {
        let mut filters = self.answer_listener(&[codes, &[0]].concat()).await;
        let canary = filters.pop().unwrap();
        assert!(canary.ends_with("/canary"), "{canary}");
        filters
    }

    /// The same for a client that has no canary.
    pub async fn answer_listener(&mut self, codes: &[u8]) -> Vec<String> {
        let (kind, body) = self.read().await;
        assert_eq!(kind >> 4, 8, "a SUBSCRIBE");
        let v5 = self.protocol == Protocol::V5;
        let mut filters = Vec::new();
        let mut rest = &body[if v5 { 3 } else { 2 }..];
        while !rest.is_empty() {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            filters.push(String::from_utf8(rest[2..2 + length].to_vec()).unwrap());
            rest = &rest[2 + length + 1..];
        }
        let mut answer = vec![body[0], body[1]];
        if v5 {
            answer.push(0);
        }
        answer.extend_from_slice(codes);
        self.write(&[&[0x90, answer.len() as u8][..], &answer].concat()).await;
        filters
    }

    /// Reads a PUBLISH with QoS 1.
    pub async fn published(&mut self) -> Published {
        let (kind, body) = self.read().await;
        assert_eq!(kind & 0xf6, 0x32, "a PUBLISH with QoS 1");
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let (topic, rest) = body[2..].split_at(length);
        let packet = u16::from_be_bytes([rest[0], rest[1]]);
        // On MQTT 5 the length of the properties follows; there are none.
        let payload = &rest[if self.protocol == Protocol::V5 { 3 } else { 2 }..];
        Published {
            packet,
            topic: String::from_utf8(topic.to_vec()).unwrap(),
            payload: String::from_utf8(payload.to_vec()).unwrap(),
            retain: kind & 1 == 1,
        }
    }

    /// Acknowledges a publication.
    pub async fn acknowledge(&mut self, packet: u16) {
        let [high, low] = packet.to_be_bytes();
        self.write(&[0x40, 2, high, low]).await;
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads to the end of the connection; gives the kinds of the packets that came.
    pub async fn rest(mut self) -> Vec<u8> {
        let mut kinds = Vec::new();
        while let Some((kind, _)) = self.try_read().await {
            kinds.push(kind >> 4);
        }
        kinds
    }

    async fn read(&mut self) -> (u8, Vec<u8>) {
        self.try_read().await.expect("a packet before the end")
    }

    async fn try_read(&mut self) -> Option<(u8, Vec<u8>)> {
        let kind = self.stream.read_u8().await.ok()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((kind, body))
    }
}
