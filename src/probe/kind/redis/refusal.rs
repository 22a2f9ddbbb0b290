//! Why a server did not let lookout look, and what to do about it.

use crate::platform::words::because;
use crate::probe::found::Trouble;
use redis::{ErrorKind, RedisError};

/// The rights that are needed.
const RIGHTS: &str = "ACL SETUSER lookout on >PASSWORD -@all +ping +info +cluster|info";

/// What an error means; `place` is host and port.
pub(super) fn trouble(error: &RedisError, place: &str) -> Trouble {
    let said = error.detail().unwrap_or_default();
    let barred = |message: String| {
        Trouble::error("cannot_be_checked", message)
            .definite()
            .advice("Check `user` and `password_file` of the check")
            .advice(RIGHTS)
    };
    match error.code() {
        Some("NOAUTH") => barred(format!("{place} asks for a password")),
        Some("WRONGPASS") => barred(format!("{place} refuses user and password")),
        Some("NOPERM") => barred(format!("{place} does not let lookout look: {said}")),
        _ if error.kind() == ErrorKind::AuthenticationFailed => {
            barred(format!("{place} refuses user and password"))
        }
        Some("LOADING") => {
            Trouble::error("no_answers", format!("{place} loads its data")).definite()
        }
        Some(code) => Trouble::error("unknown", format!("{place} answers {code} {said}"))
            .advice("Look into its log"),
        None => Trouble::down("unreachable", format!("{place}: {}", because(error)))
            .advice("Check that it runs: redis-cli -h HOST -p PORT ping; then address and TLS"),
    }
}
