//! Temporal that is reached over TLS only, as a hosted one is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model_server::Reply;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::harness::{Database, Model, Organization, Plane, Relay, Worker, shell, temporal_server};

/// The longest wait for somebody to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Speaks TLS with whoever comes, and passes on to Temporal what they say.
struct Front {
    /// Where it listens.
    url: String,
    /// The file with the authority that vouches for it, which is no public one.
    authority: String,
    /// How many have come and did not trust it.
    refusals: watch::Sender<usize>,
    /// For the settings of workers.
    folder: TempDir,
    _listening: JoinSet<()>,
}

impl Front {
    /// With the certificate of the tests' Postgres server: it is for this machine.
    async fn start() -> Self {
        let database = Database::make();
        let [authority, certificate, key] = ["ssl_ca_file", "ssl_cert_file", "ssl_key_file"]
            .map(|setting| database.ask(&format!("SHOW {setting}")));
        let acceptor = acceptor(&certificate, &key);
        let temporal = temporal_server();
        let temporal = temporal.strip_prefix("http://").expect("an HTTP URL");
        let temporal: SocketAddr = temporal.parse().expect("an address with a port");

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("its address"));
        let refusals = watch::Sender::new(0);
        let (refused, mut listening) = (refusals.clone(), JoinSet::new());
        listening.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((caller, _)) = listener.accept().await {
                connections.spawn(pass(acceptor.clone(), caller, temporal, refused.clone()));
            }
        });
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { url, authority, refusals, folder, _listening: listening }
    }

    /// A `drover.toml` of somebody who is not told whom to trust.
    fn settings(&self) -> String {
        format!("temporal_address = '{}'\ntemporal_api_key = 'the-key-itself'\n", self.url)
    }

    /// A `drover.toml` of somebody who is.
    fn trusting_settings(&self) -> String {
        format!("{}temporal_authority = '{}'\n", self.settings(), self.authority)
    }

    /// A worker that is told whom to trust.
    fn worker(&self, org: &Organization) -> Worker {
        let file = self.folder.path().join("drover.toml");
        std::fs::write(&file, self.trusting_settings()).expect("write drover.toml");
        let file = file.to_str().expect("a path in UTF-8");
        Worker::start_with(org, &[&org.queue_id], &["--config", file])
    }

    /// Waits until so many more have come and did not trust it.
    async fn refused(&self, count: usize) {
        let mut refusals = self.refusals.subscribe();
        let enough = *refusals.borrow() + count;
        let refused = timeout(PATIENCE, refusals.wait_for(|refusals| *refusals >= enough)).await;
        assert!(refused.is_ok_and(|refused| refused.is_ok()), "nobody came and went away again");
    }
}

fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(key).expect("its key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate with its key");
    // Nobody speaks gRPC with who does not offer it.
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn pass(
    acceptor: TlsAcceptor,
    caller: TcpStream,
    temporal: SocketAddr,
    refused: watch::Sender<usize>,
) {
    let Ok(mut caller) = acceptor.accept(caller).await else {
        refused.send_modify(|count| *count += 1);
        return;
    };
    if let Ok(mut temporal) = TcpStream::connect(temporal).await {
        // However it ends, both ends see it.
        let _ended = copy_bidirectional(&mut caller, &mut temporal).await;
    }
}

// The relay works while the test waits for a process.
#[plane_test(stores)]
async fn a_run_completes_where_the_plane_and_its_worker_speak_over_tls() {
    let front = Front::start().await;
    let plane = Plane::configured(&front.trusting_settings());
    let org = plane.organization().await;
    let _worker = front.worker(&org);
    let model = Model::new([shell("echo here"), Reply::text("Done.")]);
    let id = org.ask(&model, "go").await;
    assert_eq!(org.finished(&id).await["response"], "Done.");
    assert_eq!(org.tool_answers(&id).await, ["here"]);
    assert_eq!(plane.get("/api/ready").await.text("temporal"), "connected");
    org.log(&id).await;
}

#[plane_test(stores)]
async fn without_its_authority_it_is_not_spoken_to_and_no_run_starts() {
    let front = Front::start().await;
    let plane = Plane::configured(&front.settings());
    let relay = Relay::to(&plane.url).await;
    let org = plane.organization().await;
    let org = Organization { url: relay.url.clone(), ..org };
    let _worker = front.worker(&org);
    let model = Model::new([Reply::text("Done.")]);
    let id = org.ask(&model, "go").await;
    // It goes on to try, and nothing comes of it.
    front.refused(2).await;
    let ready = loop {
        let ready = plane.get("/api/ready").await;
        assert_eq!(ready.status, 200, "{ready}: it accepts");
        if ready.text("temporal").contains("does not answer") {
            break ready;
        }
        tokio::task::yield_now().await;
    };
    assert!(!ready.text("temporal").contains("the-key-itself"), "{ready}");
    assert!(!plane.log().contains("the-key-itself"), "{}", plane.log());
    assert_eq!(org.execution(&id).await["status"], "pending");
    assert_eq!(model.requests().len(), 0);

    // What it has accepted meanwhile starts once it is told whom to trust.
    std::fs::write(plane.settings_file(), front.trusting_settings()).expect("write drover.toml");
    relay.cut();
    let plane = plane.kill_and_restart();
    relay.lead_to(&plane.url);
    assert_eq!(org.finished(&id).await["response"], "Done.");
    assert_eq!(model.requests().len(), 1);
}
