"""A trace as one HTML file that needs nothing else: no server, no network."""

from __future__ import annotations

import base64
from dataclasses import replace
from hashlib import sha256

from markupsafe import Markup

from mutagent.store.trace import Trace
from mutagent.viewer.site import STATIC, environment
from mutagent.viewer.trace.conversation import tool_results
from mutagent.viewer.trace.panel import panel_of
from mutagent.viewer.trace.reading import read

_STYLES = ("base", "trace", "panel")
_SCRIPTS = ("copy", "tree")


def trace_html(trace: Trace) -> str:
    """Export a trace.

    Args:
        trace: what :meth:`mutagent.store.reader.StoreReader.trace` found.

    Returns:
        The text of the file. Its own style and script are all that its Content-Security-Policy lets it load or run.
    """
    reading = read(trace)
    style = "\n".join((STATIC / "css" / f"{name}.css").read_text("utf-8") for name in _STYLES)
    script = "\n".join((STATIC / "js" / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    results = tool_results(trace.spans)
    panels = [replace(reading, panel=panel_of(row, reading.timeline, results)) for row in reading.timeline.rows]
    return (
        environment()
        .get_template("export.html")
        .render(
            reading=reading,
            panels=panels,
            selected=reading.selected.span_id if reading.selected else "",
            style=Markup(style),
            script=Markup(script),
            policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'",
            base="",
            live=False,
            is_run=False,
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"
