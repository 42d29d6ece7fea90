//! A certificate that nobody but a test trusts.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use tempfile::NamedTempFile;

/// A new authority as a file, and a server's settings with a certificate of that authority for 127.0.0.1.
pub(crate) fn issue() -> Result<(NamedTempFile, Arc<ServerConfig>), Box<dyn Error + Send + Sync>> {
    let mut authority = CertificateParams::new([])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = "a test's authority";
    authority.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let pem = authority.self_signed(&key)?.pem();
    let authority = Issuer::new(authority, key);

    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));

    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)?;

    let mut file = tempfile::Builder::new().suffix(".pem").tempfile()?;
    file.write_all(pem.as_bytes())?;
    Ok((file, Arc::new(config)))
}
