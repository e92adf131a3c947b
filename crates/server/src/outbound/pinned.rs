//! Trust in a server whose certificate authority this machine does not know, because somebody named a certificate of its chain by its
//! thumbprint.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html>: the SHA-1 of a
//! certificate, in hex; it counts where no authority vouches for the server, and only there.
//!
//! Keeps true: the certificate that is named is taken for an authority and for nothing else. The server's own certificate must
//! be made by it, be in its time and be for the name that was asked; one that signs itself may be named, too.

use std::sync::Arc;

use sha1::{Digest, Sha1};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{self, CryptoProvider};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// A configuration that trusts these authorities, and where none of them vouches, these thumbprints.
pub(super) fn trust(
    authorities: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
    thumbprints: &[String],
) -> Result<ClientConfig, Error> {
    let verifier = Pinned {
        authorities: Arc::clone(authorities),
        provider: Arc::clone(provider),
        thumbprints: thumbprints.iter().filter_map(|text| read(text)).collect(),
    };
    let config =
        ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions()?;
    let config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(config.with_no_client_auth())
}

type Thumbprint = [u8; 20];

#[derive(Debug)]
struct Pinned {
    authorities: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    thumbprints: Vec<Thumbprint>,
}

impl Pinned {
    fn is_named(&self, certificate: &CertificateDer<'_>) -> bool {
        let thumbprint: Thumbprint = Sha1::digest(certificate).into();
        self.thumbprints.contains(&thumbprint)
    }

    fn verify_by(
        &self,
        authorities: Arc<RootCertStore>,
        shown: &Shown<'_>,
    ) -> Result<ServerCertVerified, Error> {
        // Who knows no authority trusts nobody.
        if authorities.is_empty() {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(authorities, Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(shown.own, shown.others, shown.name, shown.ocsp, shown.now)
    }
}

/// What a server shows, and as whom it was asked.
struct Shown<'a> {
    own: &'a CertificateDer<'a>,
    others: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    ocsp: &'a [u8],
    now: UnixTime,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Shown {
            own: end_entity,
            others: intermediates,
            name: server_name,
            ocsp: ocsp_response,
            now,
        };
        let refused = match self.verify_by(Arc::clone(&self.authorities), &shown) {
            Err(error @ Error::InvalidCertificate(CertificateError::UnknownIssuer)) => error,
            // A certificate that is wrong otherwise is not made right by its thumbprint.
            verified => return verified,
        };
        let named = [end_entity].into_iter().chain(intermediates);
        for certificate in named.filter(|certificate| self.is_named(certificate)) {
            let mut authorities = RootCertStore::empty();
            authorities.add(certificate.clone().into_owned())?;
            if let Ok(verified) = self.verify_by(Arc::new(authorities), &shown) {
                return Ok(verified);
            }
        }
        Err(refused)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Twenty bytes in hex. What is none is the thumbprint of nothing.
fn read(text: &str) -> Option<Thumbprint> {
    hex::decode(text).ok()?.try_into().ok()
}
