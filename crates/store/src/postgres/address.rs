//! Where a database is: its URL as both drivers take it, TLS, connecting.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use drover_domain::{Doing, Error, Result};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, NoTls, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take to come up, and how long one is waited for.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// Settings of every session. A statement that takes longer is cut off, as is a transaction that
/// nobody goes on with.
const SESSION: [(&str, &str); 8] = [
    // Whatever the server's default: an answer means that it is on disk.
    ("synchronous_commit", "on"),
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("application_name", "drover"),
    // A plane whose machine is gone must not hold its lock for hours.
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// Where the database is and how it is spoken to.
#[derive(Clone)]
pub(super) struct Address {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// Reads a URL. Without `sslmode` the server is spoken to in plain on this machine, and over TLS
    /// with its certificate verified anywhere else.
    ///
    /// # Errors
    /// [`Error::Refused`] with what a URL looks like; the one given is not repeated, it may hold a
    /// password.
    pub fn read(url: &str) -> Result<(Self, PgConnectOptions)> {
        let wrong = || {
            Error::refused(
                "The database URL should look like postgres://user:password@host:5432/database",
            )
        };
        let (url, words) = without_tls_words(url).ok_or_else(wrong)?;
        let mut config: tokio_postgres::Config = url.parse().map_err(|_| wrong())?;
        let encrypted = match words.mode.as_deref() {
            None => !config.get_hosts().iter().all(is_here),
            Some("disable") => false,
            Some("verify-full") => true,
            Some(other) => {
                return Err(Error::refused(format!(
                    "The database URL's sslmode should be verify-full or disable, not `{other}`: \
                     the modes between protect from nobody who can answer in the server's place"
                )));
            }
        };
        let session: Vec<String> =
            SESSION.iter().map(|(name, value)| format!("-c {name}={value}")).collect();
        config
            .options(session.join(" "))
            .connect_timeout(CONNECT)
            .tcp_user_timeout(CONNECT * 2)
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        let options = reading(&config, encrypted, words.root.as_ref()).ok_or_else(wrong)?;
        let tls = encrypted.then(|| trusting(words.root.as_ref())).transpose()?;
        Ok((Self { config, tls }, options))
    }

    /// Connects.
    pub async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        match &self.tls {
            None => self.config.connect(NoTls).await.map(driven),
            Some(tls) => self.config.connect(tls.clone()).await.map(driven),
        }
    }
}

impl Address {
    /// Connects, and hands on what the server tells by itself; that ends with the connection.
    pub async fn connect_to_listen(
        &self,
    ) -> Result<(Client, mpsc::UnboundedReceiver<Notification>), tokio_postgres::Error> {
        match &self.tls {
            None => self.config.connect(NoTls).await.map(listening),
            Some(tls) => self.config.connect(tls.clone()).await.map(listening),
        }
    }
}

/// A client whose connection is looked after, with what the server tells by itself.
fn listening<S, T>(
    (client, mut connection): (Client, tokio_postgres::Connection<S, T>),
) -> (Client, mpsc::UnboundedReceiver<Notification>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tell, told) = mpsc::unbounded_channel();
    #[expect(clippy::disallowed_methods, reason = "it ends with its client")]
    tokio::spawn(async move {
        let mut messages = poll_fn(|context| connection.poll_message(context));
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notification(notification)) => {
                    if tell.send(notification).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a connection to the database ended");
                    return;
                }
            }
        }
    });
    (client, told)
}

/// A client whose connection is looked after.
fn driven<S, T>((client, connection): (Client, tokio_postgres::Connection<S, T>)) -> Client
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "it ends with its client")]
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(error = %error, "a connection to the database ended");
        }
    });
    client
}

/// What a URL says of TLS.
#[derive(Default)]
struct TlsWords {
    mode: Option<String>,
    root: Option<PathBuf>,
}

/// Takes `sslmode` and `sslrootcert` out of a URL: the two drivers read them differently.
fn without_tls_words(url: &str) -> Option<(String, TlsWords)> {
    let mut words = TlsWords::default();
    let Some((address, query)) = url.split_once('?') else {
        return Some((url.to_owned(), words));
    };
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    let mut rest = Vec::new();
    for (name, value) in pairs {
        match name.as_str() {
            "sslmode" => words.mode = Some(value),
            "sslrootcert" => words.root = Some(value.into()),
            _ => rest.push((name, value)),
        }
    }
    Some((format!("{address}?{}", serde_urlencoded::to_string(rest).ok()?), words))
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

/// The same address for the driver that reads. Nothing is left to the variables it knows.
fn reading(
    config: &tokio_postgres::Config,
    encrypted: bool,
    root: Option<&PathBuf>,
) -> Option<PgConnectOptions> {
    let mut options = PgConnectOptions::new_without_pgpass()
        .options(SESSION)
        .username(config.get_user()?)
        .database(config.get_dbname()?)
        .port(config.get_ports().first().copied().unwrap_or(5432))
        .ssl_mode(if encrypted { PgSslMode::VerifyFull } else { PgSslMode::Disable })
        .log_statements(tracing::log::LevelFilter::Off);
    options = match config.get_hosts().first()? {
        Host::Tcp(name) => options.host(name),
        Host::Unix(folder) => options.socket(folder),
    };
    if let Some(password) = config.get_password() {
        options = options.password(std::str::from_utf8(password).ok()?);
    }
    if let Some(root) = root {
        options = options.ssl_root_cert(root);
    }
    Some(options)
}

/// TLS that trusts the authorities of this file, or else those of this machine.
fn trusting(root: Option<&PathBuf>) -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    let certificates = match root {
        Some(file) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                Error::refused(format!(
                    "The database URL's sslrootcert `{}` should be a file of certificates (PEM): \
                     {error}",
                    file.display()
                ))
            };
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| unreadable(&error))?;
            if certificates.is_empty() {
                return Err(unreadable(&"it holds none"));
            }
            certificates
        }
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certificates);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .doing("prepare TLS to the database")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Why a connection did not come up, for a person.
pub(super) fn cannot_connect(error: &tokio_postgres::Error) -> Error {
    let why = match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => error.source().map_or_else(|| error.to_string(), ToString::to_string),
    };
    // Class 28 of SQLSTATE (PostgreSQL, appendix A) does not let this user in. The words are the
    // driver's, where the server asks for a password and the URL has none.
    let is_stranger = error.code().is_some_and(|code| code.code().starts_with("28"));
    let remedy = if is_stranger || why == "password missing" {
        "; check user and password in `database_url`"
    } else {
        ""
    };
    Error::refused(format!("Cannot connect to the database: {why}{remedy}"))
}
