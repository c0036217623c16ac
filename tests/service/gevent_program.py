"""gevent's WSGI server with Flask, in a process that is patched throughout: prints its address.

gevent_program.py [NAME]: shows its device, if there is a name. Ends on SIGTERM.
"""

from __future__ import annotations

import signal
import sys

from gevent import monkey
from tests.service.raw import Kind

MORE = [Kind("/timer/15"), Kind("/spawn/16"), Kind("/pool/17")]  # than flask_app has


def main() -> None:
    monkey.patch_all()
    import gevent
    from gevent.pywsgi import WSGIServer
    from tests.service import judging

    import pykcov

    if sys.argv[1:]:
        pykcov.instrument(include=judging.APPS)
        pykcov.serve(sys.argv[1])
    from tests.service import flask_app, gevent_app  # noqa: F401

    pykcov.follow(gevent)
    server = WSGIServer(("127.0.0.1", 0), flask_app.app, backlog=256, log=None)
    server.start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    gevent.signal_handler(signal.SIGTERM, server.stop)
    server.serve_forever()


if __name__ == "__main__":
    main()
