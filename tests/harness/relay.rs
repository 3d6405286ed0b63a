//! A wire between two processes that can be cut, and joined to another end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
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
    /// Where it leads; nowhere while it is cut.
    to: Option<SocketAddr>,
    connections: JoinSet<()>,
}

impl Relay {
    /// To the plane at a URL.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(Mutex::new(State { to: None, connections: JoinSet::new() }));
        let (shared, mut listening) = (state.clone(), JoinSet::new());
        listening.spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let mut state = shared.lock().expect("nobody panicked");
                if let Some(to) = state.to {
                    state.connections.spawn(pass(caller, to));
                }
            }
        });
        let relay = Self { url: format!("http://{address}"), state, _listening: listening };
        relay.lead_to(url);
        relay
    }

    /// Leads to the plane at this URL from now on.
    pub fn lead_to(&self, url: &str) {
        let address = url.strip_prefix("http://").expect("an HTTP URL");
        let address = address.parse().expect("an address with a port");
        self.state.lock().expect("nobody panicked").to = Some(address);
    }

    /// Ends all connections and takes no more.
    pub fn cut(&self) {
        let mut state = self.state.lock().expect("nobody panicked");
        state.to = None;
        state.connections.abort_all();
    }
}

async fn pass(mut caller: TcpStream, to: SocketAddr) {
    if let Ok(mut plane) = TcpStream::connect(to).await {
        // However it ends, both ends see it.
        let _ended = copy_bidirectional(&mut caller, &mut plane).await;
    }
}
