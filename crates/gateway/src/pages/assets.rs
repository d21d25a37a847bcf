//! Our own style sheet, scripts and pictures, compiled in.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    routes,
    web::Path,
};
use rust_embed::{Embed, EmbeddedFile};

use crate::{extract::refuse, problem::ApiError};

/// Where they are.
pub(crate) const ASSETS: &str = "/assets/";

#[derive(Embed)]
#[folder = "assets/"]
struct Assets;

/// The address of a file, which changes with its content so that browsers may keep it for good.
pub fn asset(file: &str) -> String {
    match Assets::get(file) {
        Some(found) => format!("{ASSETS}{file}?v={}", version(&found)),
        None => format!("{ASSETS}{file}"),
    }
}

/// The first eight bytes of the content's hash.
fn version(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let first = hash.first_chunk::<8>().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

#[routes]
#[get("/assets/{file:.*}")]
#[head("/assets/{file:.*}")]
pub(super) async fn serve(request: HttpRequest, file: Path<String>) -> HttpResponse {
    let Some(found) = Assets::get(&file) else {
        return refuse(&request, ApiError::not_found("there is no such file")).error_response();
    };
    let version = version(&found);
    let tag = format!("\"{version}\"");
    // An address with the current version never shows anything else; any other may.
    let keeping = if request.query_string() == format!("v={version}") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = request.headers().get(header::IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    response
        .insert_header((header::CACHE_CONTROL, keeping))
        .insert_header((header::ETAG, tag));
    if is_known {
        return response.finish();
    }
    response
        .content_type(found.metadata.mimetype())
        .body(found.data.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_address_names_its_content() {
        let address = asset("gigdesk.css");
        let (path, version) = address.split_once("?v=").unwrap();
        assert_eq!(path, "/assets/gigdesk.css");
        assert_eq!(version.len(), 16);
    }
}
