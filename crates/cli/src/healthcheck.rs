//! `countersign healthcheck`: asks a running server whether it is ready, for container and service managers.

use crate::admin_client;
use crate::exit::{Failure, Kind};

/// Which server to ask.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The admin address of the server.
    #[arg(long, env = "COUNTERSIGN_ADMIN_URL", default_value = admin_client::DEFAULT_URL, value_name = "URL")]
    admin_url: String,
}

/// Succeeds if the server is ready.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let answer = admin_client::fetch(&arguments.admin_url, "GET", "/readyz", None)
        .map_err(|failure| Failure::new(Kind::Unhealthy, failure.message))?;
    match answer.status {
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
