//! Where Temporal is, and the connection to it.

use std::path::PathBuf;
use std::time::Duration;

use drover_domain::{Error, Result, Secret};
use temporalio_client::{
    Client, ClientOptions, ConnectionOptions, TlsOptions, WorkflowCountOptions,
};
use url::Url;

/// The longest that connecting takes.
const CONNECT: Duration = Duration::from_secs(5);

/// A Temporal server, and the namespace that is used there.
#[derive(Debug, Clone)]
pub struct Place {
    /// `http://host:7233`, or `https://…` with TLS.
    pub address: String,
    /// The namespace, which has to be there.
    pub namespace: String,
    /// Sent with every call; only over TLS.
    pub api_key: Option<Secret<String>>,
    /// A file with the authority of a private certificate (PEM).
    pub authority: Option<PathBuf>,
}

impl Place {
    /// The address, once everything about the place fits together.
    ///
    /// # Errors
    /// [`Error::Refused`] with what would be right.
    pub fn checked(&self) -> Result<Url> {
        let refused = |text: &str| Err(Error::refused(format!("`temporal_address` {text}")));
        let Ok(url) = Url::parse(&self.address) else {
            return refused("should be like `http://host:7233`, or `https://host:7233` with TLS");
        };
        match url.scheme() {
            "http" if self.api_key.is_some() => {
                refused("should begin with `https://`: a key is sent over TLS only")
            }
            "http" if self.authority.is_some() => {
                refused("should begin with `https://` where `temporal_authority` is given")
            }
            "http" | "https" if url.host_str().is_some() => Ok(url),
            _ => refused("should be like `http://host:7233`, or `https://host:7233` with TLS"),
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// [`Error::Refused`] if the place is told wrongly, [`Error::Unavailable`] if it does not answer.
    pub async fn connect(&self, identity: &str) -> Result<Client> {
        let url = self.checked()?;
        let tls = match (url.scheme(), &self.authority) {
            ("http", _) => None,
            (_, None) => Some(TlsOptions::default()),
            (_, Some(file)) => {
                let authority = std::fs::read(file).map_err(|error| {
                    Error::refused(format!("`temporal_authority` {}: {error}", file.display()))
                })?;
                Some(TlsOptions::builder().server_root_ca_cert(authority).build())
            }
        };
        let connection = ConnectionOptions::new(url)
            .identity(identity.to_owned())
            .connect_timeout(CONNECT)
            .maybe_tls_options(tls)
            .maybe_api_key(self.api_key.as_ref().map(|key| key.reveal().clone()))
            .build();
        let options = ClientOptions::new(self.namespace.clone()).build();
        let connected = tokio::time::timeout(CONNECT, Client::connect(connection, options)).await;
        let away = |why: String| Error::Unavailable(format!("Temporal does not answer: {why}"));
        connected
            .map_err(|_| away(format!("no answer within {} s", CONNECT.as_secs())))?
            .map_err(|error| away(error.to_string()))
    }
}

impl Place {
    /// Looks whether the namespace is there.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is not, [`Error::Unavailable`] if that cannot be told.
    pub async fn check_namespace(&self, client: &Client) -> Result<()> {
        let namespace = &self.namespace;
        let counted =
            client.count_workflows("WorkflowType = 'none'", WorkflowCountOptions::default());
        match tokio::time::timeout(CONNECT, counted).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.to_string().contains("Namespace") => {
                Err(Error::refused(format!(
                    "Temporal has no namespace `{namespace}`; make it, or name another one as \
                     `temporal_namespace`"
                )))
            }
            Ok(Err(error)) => Err(Error::Unavailable(format!("Temporal cannot be asked: {error}"))),
            Err(_) => Err(Error::Unavailable("Temporal does not answer".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, key: Option<&str>) -> Place {
        Place {
            address: address.to_owned(),
            namespace: "default".to_owned(),
            api_key: key.map(|key| Secret::new(key.to_owned())),
            authority: None,
        }
    }

    #[test]
    fn a_key_goes_over_tls_only() {
        assert!(place("http://127.0.0.1:7233", None).checked().is_ok());
        assert!(place("https://temporal.example.com:7233", Some("k")).checked().is_ok());
        let refused = place("http://127.0.0.1:7233", Some("k")).checked().unwrap_err();
        assert!(refused.to_string().contains("over TLS only"), "{refused}");
    }

    #[test]
    fn an_address_without_a_scheme_is_refused() {
        for address in ["127.0.0.1:7233", "temporal:7233", "tcp://x:1", "http://", ""] {
            assert!(place(address, None).checked().is_err(), "{address}");
        }
    }
}
