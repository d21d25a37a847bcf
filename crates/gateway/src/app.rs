//! The application: what is served where.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::{Compress, from_fn},
    web::{self, Data, PayloadConfig},
};
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt as _;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    api, extract, metrics,
    middleware::{add_headers, authenticate, screen},
    pages,
    state::State,
    trace::RequestSpan,
};

/// How long requests have to end once the platform is to stop. Streams end at once.
const PARTING_SECONDS: u64 = 10;
/// Connections one worker thread serves at most; each open stream holds one.
const CONNECTIONS: usize = 20_000;
/// A client has so long to send the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// The largest body that a handler takes as bytes.
const BODY_BYTES: usize = 256 << 10;

/// A server that listens and is about to run.
pub struct Application {
    server: Server,
    port: u16,
    state: Data<State>,
}

impl Application {
    /// Listens on `bind`; port 0 takes a free one.
    pub fn build(state: State, bind: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(bind)?;
        let port = listener.local_addr()?.port();
        let state = Data::new(state);
        let server = serve(state.clone(), listener)?;
        Ok(Self {
            server,
            port,
            state,
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until the state's `shutdown` is cancelled and the last request has ended.
    pub async fn run(self) -> io::Result<()> {
        let (feed, db) = (Arc::clone(&self.state.feed), self.state.db.clone());
        actix_web::rt::spawn(feed.run(db, self.state.shutdown.clone()));
        self.server.await
    }
}

fn serve(state: Data<State>, listener: TcpListener) -> io::Result<Server> {
    let shutdown = state.shutdown.clone();
    // Each worker has threads of its own for blocking work. The database's and the hashers'
    // permits keep the sum in bounds; one worker must be able to use them all.
    let pool_size = usize::try_from(state.settings.pool_size).unwrap_or(16);
    let document = Data::new(api::document());
    let server = HttpServer::new(move || {
        let swagger =
            SwaggerUi::new("/api/docs/{_:.*}").url("/api/openapi.json", document.get_ref().clone());
        App::new()
            .app_data(state.clone())
            .app_data(document.clone())
            .app_data(extract::path_config())
            .app_data(extract::query_config())
            .app_data(PayloadConfig::new(BODY_BYTES))
            .into_utoipa_app()
            .configure(api::register)
            .into_app()
            .configure(pages::configure)
            .configure(metrics::configure)
            .service(web::redirect("/api/docs", "/api/docs/"))
            .service(swagger)
            .default_service(web::to(api::unknown))
            .wrap(Compress::default())
            .wrap(from_fn(authenticate))
            .wrap(from_fn(screen))
            .wrap(from_fn(add_headers))
            .wrap(from_fn(metrics::measure))
            .wrap(TracingLogger::<RequestSpan>::new())
    })
    .worker_max_blocking_threads(pool_size + 4)
    .max_connections(CONNECTIONS)
    .client_request_timeout(HEAD)
    .shutdown_timeout(PARTING_SECONDS)
    .shutdown_signal(told_to_stop(shutdown))
    .listen(listener)?;
    Ok(server.run())
}

async fn told_to_stop(shutdown: CancellationToken) {
    shutdown.cancelled().await;
}
