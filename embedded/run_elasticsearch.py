"""bin/elasticsearch: one Elasticsearch node for this checkout, until Ctrl-C."""

import os
import sys
import time
from pathlib import Path

from embedded.elasticsearch import READY_SECONDS, private_node
from embedded.messages import StartError, say, warn
from embedded.ports import PortBook, parse_port, require_free
from embedded.programs import running
from embedded.readiness import tail
from embedded.stop_signals import Interrupted, StopSignals

VAR = Path(__file__).resolve().parent.parent / "var"


def main() -> int:
    """Run the node until asked to stop; 0 after a stop that was asked for, 1 when it did not start or ended by itself."""
    StopSignals()
    try:
        _run()
    except Interrupted:
        say("Stopped")
    except StartError as error:
        warn(f"bin/elasticsearch: {error}")
        return 1
    return 0


def _run() -> None:
    log = VAR / "log" / "elasticsearch.log"
    for folder in (log.parent, VAR / "run"):
        folder.mkdir(parents=True, exist_ok=True)
    ports = PortBook(VAR / "run" / "elasticsearch-ports.json").assign(["http", "transport"])
    if wanted := os.environ.get("ELASTICSEARCH_PORT"):
        ports["http"] = parse_port("ELASTICSEARCH_PORT", wanted)
        require_free("ELASTICSEARCH_PORT", ports["http"])
    with private_node(VAR / "elasticsearch", ports["http"], ports["transport"]) as node, running(node.program, log) as process:
        say("Starting Elasticsearch")
        deadline = time.monotonic() + READY_SECONDS
        while not node.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"Elasticsearch does not start.\n{tail(log)}")
            time.sleep(0.25)
        say(f"\nElasticsearch is ready. Ctrl-C stops it.\n\n  ELASTICSEARCH_URL={node.url}\n")
        process.wait()
        raise StartError(f"Elasticsearch ended.\n{tail(log)}")


if __name__ == "__main__":
    sys.exit(main())
