"""A real SMTP server for the tests of the e-mail channel, by aiosmtpd.

Usage: mail_server.py BEHAVIOUR [SECONDS]. It prints one JSON line with its port and its
authority's certificate, then one per message taken, and ends with its standard input.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys
import threading
import time

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

BEHAVIOUR = sys.argv[1]
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
STARTED = time.monotonic()


def say(**line):
    print(json.dumps(line), flush=True)


class Handler:
    """Takes every message, unless the behaviour or the recipient says otherwise."""

    def __init__(self):
        self.seen = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}>: user unknown"
        if BEHAVIOUR == "later" and time.monotonic() - STARTED < SECONDS:
            return "451 4.7.1 Greylisted, please try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.seen += 1
        if BEHAVIOUR == "hang" and self.seen == 1:
            await asyncio.sleep(SECONDS)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            peer=session.peer[1],
            hello=session.host_name,
            login=bool(session.authenticated),
            encrypted=session.ssl is not None or BEHAVIOUR == "tls",
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers=[[name, str(value)] for name, value in message.items()],
            plain=message.get_body(("plain",)).get_content(),
            html=message.get_body(("html",)).get_content(),
        )
        return "250 2.0.0 Taken"


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"watchbell", b"correct horse")
    return AuthResult(success=right, handled=right)


async def serve():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    settings = {"enable_SMTPUTF8": False}
    if BEHAVIOUR == "close-idle":
        settings["timeout"] = SECONDS
    if BEHAVIOUR in ("starttls", "tls"):
        settings |= {"authenticator": authenticate, "auth_required": True}
    if BEHAVIOUR == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    if BEHAVIOUR == "tls":
        settings["auth_require_tls"] = False  # it does not see that the socket is encrypted
    handler = Handler()
    wrapping = context if BEHAVIOUR == "tls" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, **settings), "127.0.0.1", 0, ssl=wrapping)
    say(port=server.sockets[0].getsockname()[1], ca=authority.cert_pem.bytes().decode())
    await server.serve_forever()


def end_with_standard_input():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
asyncio.run(serve())
