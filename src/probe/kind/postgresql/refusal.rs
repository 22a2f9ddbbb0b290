//! Why a server did not let lookout look, and what to do about it.

use crate::platform::words::because;
use crate::probe::found::Trouble;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What an error means; `place` is host and port.
pub(super) fn trouble(error: &Error, place: &str, user: &str) -> Trouble {
    let Some(refusal) = error.as_db_error() else {
        let message = format!("{place}: {}", because(error));
        // The library says so of a server that asks for one.
        if message.contains("password missing") {
            return Trouble::error("cannot_be_checked", format!("{place} asks for a password"))
                .definite()
                .advice("Set `password_file` of the check");
        }
        return Trouble::down("unreachable", message).advice(
            "Check that the server runs: pg_isready -h HOST -p PORT; then address and TLS",
        );
    };
    let said = refusal.message();
    match *refusal.code() {
        SqlState::TOO_MANY_CONNECTIONS => {
            Trouble::down("no_connections", format!("no connection is free: {said}"))
                .definite()
                .advice(
                    "End connections that are idle, or put a pooler in front; max_connections needs a restart",
                )
        }
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Trouble::error("cannot_be_checked", format!("does not let {user} in: {said}"))
                .definite()
                .advice("Check `user` and `password_file` of the check, and pg_hba.conf")
        }
        SqlState::INVALID_CATALOG_NAME => Trouble::error("cannot_be_checked", said)
            .definite()
            .advice("Name a database that exists in the path of `url`"),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            Trouble::error("cannot_be_checked", format!("{user} may not look: {said}"))
                .definite()
                .advice(format!("grant pg_monitor to \"{user}\";"))
        }
        SqlState::CANNOT_CONNECT_NOW
        | SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN => Trouble::down("unreachable", said)
            .advice("Wait for its start, or look into its log for why it ended"),
        ref code => Trouble::error("unknown", format!("{said} ({})", code.code()))
            .advice("Look into the log of the server"),
    }
}
