"""An SMTP server beside ours, for one check: aiosmtpd, and Python's own reading of what came.

Says `{"port": N}` first, then one line of JSON for each mail, and `{"refused": true}` for each
that it did not take. `refuse` and `accept` on standard input change its mind; it confirms both.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


def say(**what):
    print(json.dumps(what), flush=True)


def read(envelope):
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    part = lambda kind: body.get_content() if (body := mail.get_body((kind,))) else None
    return {
        "to": envelope.rcpt_tos,
        "headers": [[name.lower(), str(value)] for name, value in mail.items()],
        "plain": part("plain"),
        "html": part("html"),
        "defects": [repr(defect) for found in mail.walk() for defect in found.defects],
    }


class Box:
    refuses = False

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.refuses:
            say(refused=True)
            return "451 4.3.2 come again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say(mail=read(envelope))
        return "250 taken"


async def main():
    box = Box()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.test"), "127.0.0.1", 0)
    say(port=server.sockets[0].getsockname()[1])
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        box.refuses = word == "refuse"
        say(mode=word)


asyncio.run(main())
