"""`python -m embedded.catcher --smtp-port 2525 --page-port 8025 --folder var/mail`: catch mail until SIGTERM or SIGINT."""

import argparse
import signal
import threading
from pathlib import Path
from types import FrameType

from embedded.catcher.servers import smtp_server, web_server
from embedded.catcher.store import MailStore
from embedded.messages import say


def main() -> None:
    """Run both servers."""
    parser = argparse.ArgumentParser(prog="embedded.catcher")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    store = MailStore(arguments.folder)
    smtp, web = smtp_server(store, arguments.smtp_port), web_server(store, arguments.page_port)

    def stop(number: int, frame: FrameType | None) -> None:
        # `shutdown` waits for the loop below, which this very thread runs.
        threading.Thread(target=web.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    smtp.start()
    try:
        say(f"Mail to port {arguments.smtp_port} is shown at http://127.0.0.1:{arguments.page_port}/")
        web.serve_forever(poll_interval=0.2)
    finally:
        smtp.stop()
        web.server_close()


if __name__ == "__main__":
    main()
