"""A certificate for trying TLS on one's own machines: an authority to be trusted by hand, and a leaf that it signs."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from liushui.kernel.errors import Conflict

DAYS = 365  # the longest life that Mozilla's profile recommends; browsers take little more


class CertificateThere(Conflict):
    """There is a certificate in that folder already."""

    type = "certificate-there"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevCert:
    """Where the files are: the authority to trust, the leaf with its authority behind it, and the leaf's key."""

    authority: Path
    certificate: Path
    key: Path


def make_dev_cert(*, hosts: Sequence[str], folder: Path, now: datetime | None = None) -> DevCert:
    """Write ca.pem, cert.pem and key.pem (readable by the owner alone); raises CertificateThere.

    Keys are P-256. The authority's key is thrown away, so that nobody can ever sign another name with it.
    """
    made = DevCert(authority=folder / "ca.pem", certificate=folder / "cert.pem", key=folder / "key.pem")
    if made.certificate.exists() or made.key.exists():
        raise CertificateThere(f"{folder} has a certificate", remedy="Name another folder, or remove the files.")
    folder.mkdir(parents=True, exist_ok=True)
    now = now or datetime.now(UTC)
    authority_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = _name("Liushui development authority")
    authority = (
        _builder(name, name, authority_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        _builder(_name(hosts[0]), name, leaf_key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(made.key, leaf_key)
    made.certificate.write_bytes(_pem(leaf) + _pem(authority))
    made.authority.write_bytes(_pem(authority))
    return made


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign, key_cert_sign=sign, crl_sign=sign, content_commitment=False,
        data_encipherment=False, key_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
