"""An S3-style object store for tests: moto's server on loopback, in this process, and a door that can be closed."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.store.bucket import Bucket, Credentials

if TYPE_CHECKING:
    from moto.server import ThreadedMotoServer

KEY_ID, SECRET = "AKIDFORTESTS", "secret-for-tests"


@dataclass
class ObjectStore:
    """A server with one bucket `faxes`."""

    server: "ThreadedMotoServer"
    host: str
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    def bucket(self, prefix: str = "") -> Bucket:
        """The bucket, as a process of its own would open it."""
        return Bucket(f"s3://faxes/{prefix}", Credentials(KEY_ID, SECRET), self.endpoint, "us-east-1")

    def make(self, name: str) -> None:
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.request("PUT", f"/{name}")
        assert connection.getresponse().status == 200
        connection.close()


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Started, and stopped at the end."""
    from moto.server import ThreadedMotoServer  # half a second, which only who wants a server spends

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    store = ObjectStore(server, host, port)
    store.make("faxes")
    try:
        yield store
    finally:
        server.stop()
