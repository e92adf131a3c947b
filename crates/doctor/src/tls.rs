//! Whom this machine trusts over TLS, and what a server showed of itself, also where it was not trusted.
//!
//! Not here: any softening. The check is that of `rustls`; the certificates are only kept on their way through it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// What a server's own certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// For whom it was made.
    pub(crate) subject: String,
    /// By whom.
    pub(crate) issuer: String,
    /// Until when, seconds since 1970.
    pub(crate) ends: i64,
    /// How many certificates were shown.
    pub(crate) chain: usize,
}

/// Trust in the authorities of the machine.
pub(crate) struct Trust {
    config: Arc<ClientConfig>,
    seen: Arc<Mutex<Vec<CertificateDer<'static>>>>,
}

impl Trust {
    /// The authorities of the machine (or of `SSL_CERT_FILE` and `SSL_CERT_DIR`), and those of a bundle.
    pub(crate) fn of_machine(bundle: Option<&Path>) -> Result<Trust, String> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if let Some(bundle) = bundle {
            let cannot = |error: &dyn std::fmt::Display| format!("`{}`: {error}", bundle.display());
            let certificates = CertificateDer::pem_file_iter(bundle).map_err(|error| cannot(&error))?;
            let certificates: Result<Vec<_>, _> = certificates.collect();
            roots.add_parsable_certificates(certificates.map_err(|error| cannot(&error))?);
        }
        Trust::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Trust, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watching = Watching {
            verifier: verifier.map_err(|error| error.to_string())?,
            seen: Arc::clone(&seen),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(watching))
            .with_no_client_auth();
        Ok(Trust {
            config: Arc::new(config),
            seen,
        })
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// What the last server showed.
    pub(crate) fn shown(&self) -> Option<Shown> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        read(seen.first()?, seen.len())
    }
}

fn read(own: &CertificateDer<'_>, chain: usize) -> Option<Shown> {
    let certificate = Certificate::from_der(own).ok()?;
    let certificate = certificate.tbs_certificate();
    let ends = certificate.validity().not_after.to_unix_duration().as_secs();
    Some(Shown {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        ends: i64::try_from(ends).ok()?,
        chain,
    })
}

/// Keeps what is shown, then decides as the verifier does.
#[derive(Debug)]
struct Watching {
    verifier: Arc<WebPkiServerVerifier>,
    seen: Arc<Mutex<Vec<CertificateDer<'static>>>>,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(own).chain(others);
        let chain = chain
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        self.verifier.verify_server_cert(own, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
