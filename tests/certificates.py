"""A certificate that vouches for itself, for servers on loopback that speak TLS."""

import datetime as dt
import ssl
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@attrs.frozen
class Certificate:
    """A certificate and its key, in one file."""

    path: Path

    def server(self) -> ssl.SSLContext:
        """What a server presents it with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.path)
        return context

    def trust(self) -> ssl.SSLContext:
        """What a client accepts it with."""
        return ssl.create_default_context(cafile=self.path)


def issue(directory: Path, *names: str) -> Certificate:
    """A certificate for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    built = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = directory / "certificate.pem"
    path.write_bytes(key.private_bytes(pem, pkcs8, plain) + built.public_bytes(pem))
    return Certificate(path)
