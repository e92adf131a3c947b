//! `countersign healthcheck`: asks a running server whether it is ready, for container and service managers.

use countersign_server::PublicUrl;

use crate::admin_options::DEFAULT_URL;
use crate::client::{self, Asked};
use crate::exit::{Failure, Kind};

/// Which server to ask.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The admin address of the server.
    #[arg(long, env = "COUNTERSIGN_ADMIN_URL", default_value = DEFAULT_URL, value_name = "URL")]
    admin_url: String,
}

/// Succeeds if the server is ready.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let url = PublicUrl::parse(&arguments.admin_url).map_err(|why| Failure::new(Kind::Usage, why))?;
    let answer = client::send(&url, &Asked::new("GET", "/readyz"), None)
        .map_err(|failure| Failure::new(Kind::Unhealthy, failure.message))?;
    match answer.status.as_u16() {
        200 => {
            println!("ready");
            Ok(())
        }
        status => Err(Failure::new(
            Kind::Unhealthy,
            format!("not ready: the server answered {status}"),
        )),
    }
}
