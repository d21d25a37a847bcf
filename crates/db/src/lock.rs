//! Locks with a name, held to the end of the transaction.

use diesel::prelude::*;

use crate::tx::Tx;

mod sql {
    use diesel::sql_types::{BigInt, Text};

    #[diesel::declare_sql_function]
    extern "SQL" {
        fn pg_try_advisory_xact_lock(key: BigInt) -> Bool;
        fn hashtextextended(text: Text, seed: BigInt) -> BigInt;
    }
}

/// Takes the lock called `name` until the transaction ends; false where somebody else has it.
///
/// It saves work that two would do at once; nothing's correctness rests on it.
pub fn try_lock(tx: &mut Tx<'_>, name: &str) -> QueryResult<bool> {
    let key = sql::hashtextextended(name, 0);
    diesel::select(sql::pg_try_advisory_xact_lock(key)).get_result(tx.conn())
}
