"""TLS as `liushui serve` speaks it, with a certificate that `liushui dev-cert` made."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from cryptography import x509

from liushui.app.dev_cert import CertificateThere, make_dev_cert
from liushui.app.serve import CertificateUnusable, check_certificate

HOSTS = ["localhost", "127.0.0.1"]
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_key_is_its_owners_alone_and_the_leaf_names_every_host(tmp_path):
    made = make_dev_cert(hosts=HOSTS, folder=tmp_path / "tls", now=NOON)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    leaf, authority = x509.load_pem_x509_certificates(made.certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert (leaf.not_valid_after_utc - NOON).days == 365
    leaf.verify_directly_issued_by(authority)
    assert authority == x509.load_pem_x509_certificate(made.authority.read_bytes())
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == ["ca.pem", "cert.pem", "key.pem"]


def test_a_certificate_is_never_overwritten(tmp_path):
    made = make_dev_cert(hosts=HOSTS, folder=tmp_path, now=NOON)
    before = made.key.read_bytes()
    with pytest.raises(CertificateThere):
        make_dev_cert(hosts=HOSTS, folder=tmp_path, now=NOON)
    assert made.key.read_bytes() == before


def test_a_pair_that_does_not_belong_together_is_refused_before_the_start(tmp_path):
    one, other = (make_dev_cert(hosts=HOSTS, folder=tmp_path / name, now=NOON) for name in ("one", "other"))
    check_certificate(certificate=one.certificate, key=one.key)
    check_certificate(certificate=None, key=None)
    for certificate, key in ((one.certificate, other.key), (one.certificate, None), (tmp_path / "none", one.key)):
        with pytest.raises(CertificateUnusable):
            check_certificate(certificate=certificate, key=key)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(port, authority) of a server that was started with --tls-cert and --tls-key alone."""
    folder, port = tmp_path_factory.mktemp("tls"), free_port()
    made = make_dev_cert(hosts=HOSTS, folder=folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIUSHUI_")}
    environment |= {"LIUSHUI_DATA_DIR": str(folder / "data"), "LIUSHUI_LOG_LEVEL": "ERROR"}
    liushui = [sys.executable, "-m", "liushui.app.cli"]
    subprocess.run([*liushui, "migrate"], env=environment, check=True, capture_output=True)
    files = ["--tls-cert", str(made.certificate), "--tls-key", str(made.key)]
    arguments = [*liushui, "serve", "--without-worker", "--port", str(port), *files]
    process = subprocess.Popen(arguments, env=environment, start_new_session=True)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.1)
        yield port, made.authority
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answer_of(served, path, **versions):
    port, authority = served
    context = ssl.create_default_context(cafile=authority)
    for name, version in versions.items():
        setattr(context, name, version)
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer


def test_a_client_that_trusts_the_authority_gets_pages_over_tls_that_stay_there(served):
    answer = answer_of(served, "/sign-in/")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    [cookie] = [line for line in answer.headers.get_all("Set-Cookie") if "csrftoken" in line]
    assert "Secure" in cookie
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert "'unsafe-eval'" not in answer.headers["Content-Security-Policy"]


def test_tls_1_2_is_the_oldest_that_is_spoken(served):
    assert answer_of(served, "/healthz", maximum_version=ssl.TLSVersion.TLSv1_2).status == 200
    port, _ = served
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(plain, server_hostname="localhost")
