//! What runs often is planned once.

use db::{Prepare as _, testing::sandbox};
use diesel::{prelude::*, result::Error as DieselError, sql_types::BigInt};

diesel::table! {
    platform.idempotency_keys (scope, key) {
        scope -> Text,
        key -> Text,
        status -> Int2,
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many UPDATEs the connection keeps prepared.
fn kept(conn: &mut PgConnection) -> i64 {
    diesel::sql_query("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'UPDATE%'")
        .get_result::<Count>(conn)
        .unwrap()
        .count
}

#[test]
fn an_update_is_kept_prepared_where_it_asks_to_be() {
    let mut sandbox = sandbox();
    let kept_by = |sandbox: &mut db::testing::Sandbox, is_prepared: bool| {
        sandbox
            .write(|tx| {
                for status in [200_i16, 201] {
                    let update = diesel::update(idempotency_keys::table.find(("scope", "key")))
                        .set(idempotency_keys::status.eq(status));
                    if is_prepared {
                        update.prepared().execute(tx.conn())?;
                    } else {
                        update.execute(tx.conn())?;
                    }
                }
                Ok::<_, DieselError>(kept(tx.conn()))
            })
            .unwrap()
    };

    assert_eq!(kept_by(&mut sandbox, false), 0, "the control");
    assert_eq!(kept_by(&mut sandbox, true), 1);
}
