"""TLS in front of a plain server, for clients that insist on it: a certificate of its own, and bytes passed on."""

import asyncio
import ssl
import subprocess
import threading

REQUEST = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1"


async def pass_on(source, sink):
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


def start(host, port, folder):
    """Passes on to `host:port`; gives the https URL and the certificate to trust."""
    key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
    extra = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *REQUEST.split(), *extra], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    ready, ports = threading.Event(), []

    async def serve():
        async def front(reader, writer):
            to_reader, to_writer = await asyncio.open_connection(host, port)
            await asyncio.gather(pass_on(reader, to_writer), pass_on(to_reader, writer), return_exceptions=True)

        server = await asyncio.start_server(front, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    ready.wait()
    return f"https://127.0.0.1:{ports[0]}", certificate
