"""A mail server on loopback that keeps what it is given."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy


class MailCatcher(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[tuple[str, str, str]] = []  #: to, subject, text
        self.refuses = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def keep(self, whole: bytes) -> None:
        mail = message_from_bytes(whole, policy=policy.default)
        body = mail.get_body(("plain", "html"))
        self.mails.append((str(mail["To"]), str(mail["Subject"]), body.get_content() if body else ""))


class _Talk(socketserver.StreamRequestHandler):
    server: MailCatcher

    def handle(self) -> None:
        self._say("220 here")
        for line in self.rfile:
            word = line.strip().upper()[:4]
            if word == b"QUIT":
                self._say("221 bye")
                return
            if word == b"RCPT" and self.server.refuses:
                self._say("550 nobody here")
            elif word == b"DATA":
                self._say("354 go on")
                self.server.keep(b"".join(iter(self.rfile.readline, b".\r\n")))
                self._say("250 kept")
            else:
                self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def a_mail_server() -> Iterator[MailCatcher]:
    with MailCatcher() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
