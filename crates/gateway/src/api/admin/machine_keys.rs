//! Keys with which the company's systems call the API.

use actix_web::{
    HttpResponse, delete, get, post,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use identity::{MachineKey, MachineKeyStatus};
use kernel::{MachineKeyId, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Admin, Json, PageQuery},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(create_machine_key)
        .service(list_machine_keys)
        .service(revoke_machine_key);
}

/// What a key is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MachineKeyBody {
    #[schema(example = "AI assistant, production")]
    name: String,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct NewMachineKeyView {
    id: MachineKeyId,
    name: String,
    /// What to send as bearer token. It is shown this once.
    secret: String,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct MachineKeyView {
    id: MachineKeyId,
    name: String,
    /// Whether it opens the API.
    status: MachineKeyStatus,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<MachineKey> for MachineKeyView {
    fn from(key: MachineKey) -> Self {
        let MachineKey {
            id,
            name,
            status,
            created_at,
            revoked_at,
            ..
        } = key;
        Self {
            id,
            name,
            status,
            created_at,
            revoked_at,
        }
    }
}

/// Make a key.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    request_body = MachineKeyBody,
    responses((status = 201, description = "With its secret", body = NewMachineKeyView), Problems),
)]
#[post("/admin/machine-keys")]
async fn create_machine_key(caller: Admin, body: Json<MachineKeyBody>) -> ApiResult<HttpResponse> {
    let (name, by, db) = (body.0.name, caller.account_id, caller.acting_db());
    let write = db.write("create_machine_key", move |tx| {
        workflows::create_machine_key(tx, &name, by)
    });
    let (MachineKey { id, name, .. }, secret) = write.await?;
    Ok(HttpResponse::Created().json(NewMachineKeyView { id, name, secret }))
}

/// List the keys, the newest first, revoked ones included.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(PageQuery<MachineKeyId>),
    responses((status = 200, description = "A page of keys", body = Page<MachineKeyView>), Problems),
)]
#[get("/admin/machine-keys")]
async fn list_machine_keys(
    _caller: Admin,
    state: Data<State>,
    query: Query<PageQuery<MachineKeyId>>,
) -> ApiResult<web::Json<Page<MachineKeyView>>> {
    let page = query.into_inner().request();
    let keys = state
        .read(move |conn| identity::machine_keys(conn, &page))
        .await?;
    Ok(web::Json(keys.map(Into::into)))
}

/// Lock a key out for good.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(("key_id" = MachineKeyId, Path)),
    responses((status = 204, description = "It opens nothing any more"), Problems),
)]
#[delete("/admin/machine-keys/{key_id}")]
async fn revoke_machine_key(
    caller: Admin,
    state: Data<State>,
    key: Path<MachineKeyId>,
) -> ApiResult<HttpResponse> {
    let (id, db) = (key.into_inner(), caller.acting_db());
    db.write("revoke_machine_key", move |tx| {
        workflows::revoke_machine_key(tx, id)
    })
    .await?;
    state.machines.forget();
    Ok(HttpResponse::NoContent().finish())
}
