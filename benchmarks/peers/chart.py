"""A bar chart in SVG: the rate of each target as a ratio to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from benchmarks.peers.load import Run

_LABELS, _BARS, _ROW, _BAR, _TOP = 210, 400, 44, 15, 54
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #222 }
  .title { font-size: 15px; font-weight: 600 }
  .figure { font-size: 11px }
  .one { fill: #8a9aa8 } .two { fill: #c3cdd6 }
  .ours .one { fill: #0b6e4f } .ours .two { fill: #6fb598 } .ours .label { font-weight: 600 }
  line { stroke: #666; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } line { stroke: #999 } }
"""


def chart(results: Mapping[str, Mapping[str, Run]], reference: str, ours: str) -> str:
    """Two bars for each target, one for each shape of request; `reference` is 1 and must be measured in each shape."""
    shapes = list(results)
    rows = results[shapes[0]]
    labels = sorted(rows, key=lambda label: -rows[label].rate)
    ratios = {
        (shape, label): results[shape][label].rate / results[shape][reference].rate
        for shape in shapes
        for label in labels
        if label in results[shape]
    }
    scale = _BARS / max(ratios.values())
    height = _TOP + _ROW * len(labels) + 10
    title = f"Requests a second, {reference} = 1"
    one = _LABELS + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LABELS + _BARS + 60} {height}" role="img" '
        f'aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="8" y="20">{escape(title)}</text>',
        f'<text class="figure" x="8" y="38">upper bar: {escape(shapes[0])}'
        + (f"; lower bar: {escape(shapes[1])}" if len(shapes) > 1 else "")
        + "</text>",
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="{_TOP - 6}" y2="{height - 8}"/>',
    ]
    for place, label in enumerate(labels):
        top = _TOP + _ROW * place
        parts.append(f'<g class="{"ours" if label == ours else "peer"}">')
        parts.append(f'<text class="label" x="8" y="{top + 20}">{escape(label)}</text>')
        for number, shape in enumerate(shapes[:2]):
            if (value := ratios.get((shape, label))) is None:
                continue
            y, width = top + number * (_BAR + 2), value * scale
            parts.append(
                f'<rect class="{("one", "two")[number]}" x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}"/>'
                f'<text class="figure" x="{_LABELS + width + 5:.1f}" y="{y + 11}">{value:.2f}</text>'
            )
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])
