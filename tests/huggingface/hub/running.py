"""A Hub on this machine that speaks the real protocol, for the real clients; faults can be asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.huggingface.hub import files, repositories, uploads
from tests.huggingface.hub.call import Call
from tests.huggingface.hub.state import Hub


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A Hub that answers until the block ends."""
    hub, routes = Hub(), (*repositories.ROUTES, *files.ROUTES, *uploads.ROUTES)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Call,), {"hub": hub, "routes": routes}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
