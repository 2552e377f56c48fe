"""The guard keeps the certificate's name while it calls a checked number."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.security.outbound import GuardedSender
from connectors.errors import Busy

NAME = "bot.example"


def write_certificate(folder):
    """Write a certificate for NAME that signs itself, and its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    plain = serialization.NoEncryption()
    encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + encoded)
    return str(file)


class Quiet(HTTPServer):
    def handle_error(self, *_):
        """A refused handshake is what the test wants."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Serve https on loopback; give the port, the names asked for, and the certificate's file."""
    file = write_certificate(tmp_path_factory.mktemp("tls"))
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port, names, file
    server.shutdown()
    thread.join()
    server.server_close()


def sender(ca_file=None):
    return GuardedSender(allow_loopback=True, ca_file=ca_file, resolve=lambda _host, _port: ["127.0.0.1"])


def test_name_and_certificate_are_those_of_the_url(secure):
    port, names, file = secure
    answer = sender(file).post(f"https://{NAME}:{port}/", {}, b"{}")
    assert (answer.status, answer.body, names[-1]) == (200, f"{NAME}:{port}".encode(), NAME)


def test_a_certificate_for_another_name_is_refused_before_anything_is_sent(secure):
    port, _, file = secure
    with pytest.raises(Busy, match="secure"):
        sender(file).post(f"https://other.example:{port}/", {}, b"{}")


def test_an_unknown_certificate_is_refused(secure):
    with pytest.raises(Busy, match="SSLCertVerificationError"):
        sender().post(f"https://{NAME}:{secure[0]}/", {}, b"{}")
