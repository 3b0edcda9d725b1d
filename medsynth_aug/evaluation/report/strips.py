"""Pictures side by side, inside the page."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth_aug.evaluation.report.section import Strip

SMALL_PX = 96
"""Pictures below this width are shown larger, pixel by pixel."""


def strip_html(strip: Strip) -> str:
    """A strip with its caption."""
    panels = "".join(_panel(title, pixels, strip.caption) for title, pixels in strip.panels)
    caption = f"<figcaption>{escape(strip.caption)}</figcaption>"
    return f'<figure class="strip">{caption}<div class="panels">{panels}</div></figure>'


def strips_html(strips: Sequence[Strip]) -> str:
    """Every strip that holds a picture."""
    return "".join(strip_html(one) for one in strips if one.panels)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture `(h, w)` or `(h, w, 3)` as PNG."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", optimize=True)
    return file.getvalue()


def _panel(title: str, pixels: NDArray[np.uint8], caption: str) -> str:
    height, width = pixels.shape[:2]
    data = base64.b64encode(png(pixels)).decode("ascii")
    kind = ' class="small"' if width < SMALL_PX else ""
    return (
        f'<figure class="panel"><img{kind} src="data:image/png;base64,{data}" width="{width}" '
        f'height="{height}" alt="{escape(f"{caption}: {title}")}">'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )
