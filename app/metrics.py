"""What Prometheus reads at /metrics; one registry an application."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.interpreter import Outcome

_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24)


class Metrics:
    """The service's counters, gauges and histograms."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "command_interpreter_requests",
            "HTTP requests by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.interpretations = Counter(
            "command_interpreter_interpretations",
            "Utterances answered, by outcome.",
            ("outcome",),
            registry=self.registry,
        )
        self.stages = Histogram(
            "command_interpreter_stage_seconds",
            "Seconds of an utterance in each stage.",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.ready = Gauge(
            "command_interpreter_ready",
            "1 once model and knowledge base are loaded.",
            registry=self.registry,
        )
        self._pending = Gauge(
            "command_interpreter_pending_requests",
            "Utterances waiting for the model or being decoded.",
            registry=self.registry,
        )

    def watch_queue(self, pending: Callable[[], int]) -> None:
        """Read the queue's length whenever it is asked for."""
        self._pending.set_function(pending)

    def answered(self, outcome: Outcome) -> None:
        """Count one answer and its timings."""
        self.interpretations.labels(outcome.outcome).inc()
        for stage, milliseconds in outcome.timings_ms:
            self.stages.labels(stage).observe(milliseconds / 1000)
