//! A server's part of a login by SCRAM-SHA-256 (RFC 5802, RFC 7677), for stand-ins.
//!
//! No test depends on a library for it, and it is short: SHA-256, HMAC, and the three messages.
//! It is checked by a client that is not ours: who logs in with the right password gets in.

#![allow(dead_code, unreachable_pub)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::LazyLock;

/// The fewest that clients accept.
const ITERATIONS: u32 = 4_096;
const SALT: &[u8] = b"a salt of stand-in";

/// The constants of SHA-256: the fractions of the roots of primes.
static CONSTANTS: LazyLock<(Vec<u32>, Vec<u32>)> = LazyLock::new(|| {
    let primes: Vec<u32> =
        (2..312_u32).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).collect();
    let roots = |count: usize, root: u32| {
        primes.iter().take(count).map(|prime| fraction(*prime, root)).collect()
    };
    (roots(64, 3), roots(8, 2))
});

/// SHA-256 of some bytes (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let (k, first) = &*CONSTANTS;
    let mut state = first.clone();
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((bytes.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w: Vec<u32> =
            block.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        for i in 16..64 {
            let (a, b) = (w[i - 15], w[i - 2]);
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = state.clone();
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = [s1, choice, k[i], w[i]].iter().fold(v[7], |sum, it| sum.wrapping_add(*it));
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(s0).wrapping_add(most);
        }
        state.iter_mut().zip(v).for_each(|(state, v)| *state = state.wrapping_add(v));
    }
    let bytes: Vec<u8> = state.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.try_into().unwrap()
}

/// The first 32 bits of the fraction of a root of a number, found in whole numbers.
fn fraction(of: u32, root: u32) -> u32 {
    // The largest x with x^root <= of * 2^(32 * root): the root with 32 bits behind the point.
    let power = |x: u128| (1..root).try_fold(x, |product, _| product.checked_mul(x));
    let goal = u128::from(of) << (32 * root);
    let mut x = 0_u128;
    for bit in (0..40).rev() {
        let next = x | 1 << bit;
        if power(next).is_some_and(|power| power <= goal) {
            x = next;
        }
    }
    x as u32
}

/// HMAC with SHA-256.
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = if key.len() > 64 { sha256(key).to_vec() } else { key.to_vec() };
    block.resize(64, 0);
    let with = |mask: u8| block.iter().map(|byte| byte ^ mask).collect::<Vec<_>>();
    let inner = sha256(&[with(0x36), message.to_vec()].concat());
    sha256(&[with(0x5c), inner.to_vec()].concat())
}

fn xor(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| a[i] ^ b[i])
}

/// The password with salt, by PBKDF2.
fn salted(password: &str) -> [u8; 32] {
    let first = hmac(password.as_bytes(), &[SALT, &1_u32.to_be_bytes()].concat());
    let mut last = first;
    (1..ITERATIONS).fold(first, |sum, _| {
        last = hmac(password.as_bytes(), &last);
        xor(sum, last)
    })
}

/// A login that has begun.
pub struct Login {
    user: String,
    first: String,
    server_first: String,
}

impl Login {
    /// Reads the client's first message (`n,,n=USER,r=NONCE`).
    pub fn begin(message: &str) -> Option<Self> {
        let first = message.strip_prefix("n,,")?.to_owned();
        let (user, nonce) = first.strip_prefix("n=")?.split_once(",r=")?;
        let salt = STANDARD.encode(SALT);
        let server_first = format!("r={nonce}stand-in,s={salt},i={ITERATIONS}");
        Some(Self { user: user.to_owned(), server_first, first })
    }

    /// Who logs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What to answer first.
    pub fn challenge(&self) -> &str {
        &self.server_first
    }

    /// What to answer to the client's last message; `None` if it does not know the password.
    pub fn end(&self, message: &str, password: &str) -> Option<String> {
        let (plain, proof) = message.rsplit_once(",p=")?;
        let proof: [u8; 32] = STANDARD.decode(proof).ok()?.try_into().ok()?;
        let salted = salted(password);
        let said = format!("{},{},{plain}", self.first, self.server_first);
        let key = hmac(&salted, b"Client Key");
        let signature = hmac(&sha256(&key), said.as_bytes());
        let server = hmac(&hmac(&salted, b"Server Key"), said.as_bytes());
        (xor(proof, signature) == key).then(|| format!("v={}", STANDARD.encode(server)))
    }
}

#[test]
fn sha256_is_as_the_standard_says() {
    let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        hex(sha256(b"abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        hex(sha256(&[])),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
