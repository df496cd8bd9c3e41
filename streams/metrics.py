"""What Prometheus reads of one stream process."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from streams.feed import Feed
from streams.hub import Hub
from streams.pump import Pump

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()


class _Collector(Collector):
    def __init__(self, hub: Hub, feed: Feed, pump: Pump) -> None:
        self._hub, self._feed, self._pump = hub, feed, pump

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("jobboard_streams_open", "Open event streams.", value=self._hub.count)
        yield CounterMetricFamily("jobboard_stream_events", "Events handed to streams.", value=self._hub.sent)
        ended = CounterMetricFamily("jobboard_streams_ended", "Streams that ended, by reason.", labels=["reason"])
        for reason, count in self._hub.ended.items():
            ended.add_metric([reason], count)
        yield ended
        yield GaugeMetricFamily("jobboard_stream_relay_heard", "1 while the relay's wake-ups come; 0: events come late.", value=self._feed.is_live)
        yield GaugeMetricFamily("jobboard_stream_log_read", "1 while PostgreSQL answers; 0: no events come.", value=self._pump.is_reading)


def exposition(hub: Hub, feed: Feed, pump: Pump) -> bytes:
    """The metrics as text."""
    registry = CollectorRegistry()
    registry.register(_Collector(hub, feed, pump))
    return generate_latest(registry)
