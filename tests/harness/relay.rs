//! A wire between two processes that can be cut, and joined to another end; or one address for several
//! planes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Passes connections on to a plane.
pub struct Relay {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<State>>,
    _listening: JoinSet<()>,
}

struct State {
    /// Where it leads, in turn; nowhere while it is cut.
    to: VecDeque<SocketAddr>,
    connections: JoinSet<()>,
}

impl Relay {
    /// To the plane at a URL.
    pub async fn to(url: &str) -> Self {
        Self::among(&[url]).await
    }

    /// To the planes at these URLs in turn, each connection to the next one that is ready.
    pub async fn among(urls: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state =
            Arc::new(Mutex::new(State { to: VecDeque::new(), connections: JoinSet::new() }));
        let (shared, mut listening) = (state.clone(), JoinSet::new());
        listening.spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let mut state = shared.lock().expect("nobody panicked");
                let to = state.to.clone();
                state.connections.spawn(pass(caller, to));
                if let Some(first) = state.to.pop_front() {
                    state.to.push_back(first);
                }
            }
        });
        let relay = Self { url: format!("http://{address}"), state, _listening: listening };
        relay.lead_to_any(urls);
        relay
    }

    /// Leads to the plane at this URL from now on.
    pub fn lead_to(&self, url: &str) {
        self.lead_to_any(&[url]);
    }

    /// Leads to the planes at these URLs from now on.
    pub fn lead_to_any(&self, urls: &[&str]) {
        let address = |url: &&str| {
            let address = url.strip_prefix("http://").expect("an HTTP URL");
            address.parse().expect("an address with a port")
        };
        self.state.lock().expect("nobody panicked").to = urls.iter().map(address).collect();
    }

    /// Ends all connections and takes no more.
    pub fn cut(&self) {
        let mut state = self.state.lock().expect("nobody panicked");
        state.to.clear();
        state.connections.abort_all();
    }
}

async fn pass(mut caller: TcpStream, planes: VecDeque<SocketAddr>) {
    let has_choice = planes.len() > 1;
    for to in planes {
        if has_choice && !is_ready(to).await {
            continue;
        }
        if let Ok(mut plane) = TcpStream::connect(to).await {
            // However it ends, both ends see it.
            let _ended = copy_bidirectional(&mut caller, &mut plane).await;
            return;
        }
    }
}

/// Whether a plane says that it is ready, as a load balancer asks.
async fn is_ready(plane: SocketAddr) -> bool {
    let asked = async {
        let mut connection = TcpStream::connect(plane).await?;
        let request =
            format!("GET /api/ready HTTP/1.1\r\nHost: {plane}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    asked.await.unwrap_or(false)
}
