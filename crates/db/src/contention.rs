//! What a database error means to a caller.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use kernel::Class;

/// The code of an error that trying again cures: a deadlock, a lock that took too long.
pub const CONTENTION: &str = "contention";

/// The code of an error that says nothing but that the database did not answer.
pub(crate) const UNAVAILABLE: &str = "database_unavailable";

/// How to react to a database error that no constraint explains.
pub fn class_of(error: &DieselError) -> Class {
    match code_of(error) {
        CONTENTION | UNAVAILABLE => Class::Busy,
        _ => Class::Internal,
    }
}

/// The stable name of a database error.
///
/// Diesel exposes no SQLSTATE for deadlocks and time-outs, so their messages are matched here, in
/// one place; the server is told to speak English (`lc_messages=C`).
pub fn code_of(error: &DieselError) -> &'static str {
    let DieselError::DatabaseError(kind, info) = error else {
        return if matches!(error, DieselError::BrokenTransactionManager) {
            UNAVAILABLE
        } else {
            "database_error"
        };
    };
    let message = info.message();
    match kind {
        DatabaseErrorKind::SerializationFailure => CONTENTION,
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => UNAVAILABLE,
        _ if message.contains("deadlock detected")
            || message.contains("lock timeout")
            || message.contains("could not obtain lock") =>
        {
            CONTENTION
        }
        _ if message.contains("server closed the connection")
            || message.contains("terminating connection")
            || message.contains("the database system is")
            || message.contains("no connection to the server")
            || message.contains("connection to server")
            || message.contains("statement timeout") =>
        {
            UNAVAILABLE
        }
        _ => "database_error",
    }
}

/// Whether the connection itself is gone.
pub(crate) fn is_disconnect(error: &DieselError) -> bool {
    code_of(error) == UNAVAILABLE
}

/// Turns a violated constraint into the domain's own error.
pub trait OnConstraint<T> {
    /// Where the constraint called `name` was violated, the result is `error`.
    fn on_constraint<E: From<DieselError>>(self, name: &str, error: E) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, DieselError> {
    fn on_constraint<E: From<DieselError>>(self, name: &str, error: E) -> Result<T, E> {
        self.map_err(|cause| match &cause {
            DieselError::DatabaseError(_, info) if info.constraint_name() == Some(name) => error,
            _ => cause.into(),
        })
    }
}
