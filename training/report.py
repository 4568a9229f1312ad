"""An evaluation as one HTML file, plots inside."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from training.evaluate import Evaluation

_STYLE = (
    "body{font:15px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #bbb;padding:.25rem .6rem;"
    "text-align:left;vertical-align:top}code{font-size:13px}img{max-width:100%}"
)


def report(evaluations: Sequence[Evaluation]) -> str:
    """The whole page."""
    parts = [f"<!doctype html><meta charset=utf-8><title>Evaluation</title><style>{_STYLE}</style>"]
    parts += ["<h1>Evaluation</h1>", _groups(evaluations), _plot(evaluations)]
    for evaluation in evaluations:
        parts += [f"<h2>{html.escape(evaluation.model)}</h2>", _kinds(evaluation)]
        parts += [_confusion(evaluation), _worst(evaluation)]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    cells = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{cells}</tr>{body}</table>"


def _groups(evaluations: Sequence[Evaluation]) -> str:
    rows = [
        (
            e.model,
            group,
            v["cases"],
            f"{v['strict'] / v['cases']:.1%}",
            f"{v['lenient'] / v['cases']:.1%}",
            v["declined"],
        )
        for e in evaluations
        for group, v in e.groups().items()
    ]
    return _table(("model", "cases", "number", "strict", "lenient pass", "declined"), rows)


def _plot(evaluations: Sequence[Evaluation]) -> str:
    groups = list(evaluations[0].groups())
    figure, axes = pyplot.subplots(figsize=(10, 0.5 * len(groups) * len(evaluations) ** 0.5 + 1.5))
    height = 0.8 / len(evaluations)
    for number, evaluation in enumerate(evaluations):
        shares = [v["strict"] / v["cases"] for v in evaluation.groups().values()]
        places = [at + number * height for at in range(len(groups))]
        axes.barh(places, shares, height, label=evaluation.model)
    axes.set_yticks([at + 0.4 - height / 2 for at in range(len(groups))], groups)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="strictly right")
    axes.legend()
    figure.tight_layout()
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110)
    pyplot.close(figure)
    data = base64.b64encode(image.getvalue()).decode()
    return f'<img alt="strict by group" src="data:image/png;base64,{data}">'


def _kinds(evaluation: Evaluation) -> str:
    rows = [
        (kind, right, of, f"{right / of:.1%}") for kind, (right, of) in evaluation.kinds().items()
    ]
    return "<h3>By command type</h3>" + _table(("type", "right", "of", "strict"), rows)


def _confusion(evaluation: Evaluation) -> str:
    rows = [(a, b, n) for (a, b), n in evaluation.confusion().most_common(30)]
    return "<h3>Confused actions</h3>" + _table(("expected", "written", "times"), rows)


def _worst(evaluation: Evaluation) -> str:
    rows = [
        (
            r.case.group,
            r.case.text,
            json.dumps(r.case.commands) if r.case.commands else r.case.reason,
            json.dumps(r.written),
        )
        for r in evaluation.worst()
    ]
    return "<h3>Worst cases</h3>" + _table(("cases", "utterance", "expected", "written"), rows)
