"""Sparklines: a small curve of a number over time, beside words that say the same."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

WIDTH, HEIGHT = 100, 24


def spark_path(values: Sequence[float | None], least_span: float = 0) -> str:
    """Returns the path of a curve in a box of WIDTH by HEIGHT, or "" for fewer than two values.

    None leaves out a point. Differences below `least_span` do not fill the height, so that noise looks like noise.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, span = min(known), max(max(known) - min(known), least_span) or 1
    top = max(max(known), low + span)
    height = HEIGHT - 2
    points = (
        f"{WIDTH * index / (len(values) - 1):.1f} {1 + height * (top - value) / span:.1f}"
        for index, value in enumerate(values)
        if value is not None
    )
    return "M" + " L".join(points)


def sparkline(path: Any) -> rx.Component:
    return rx.el.svg(
        rx.el.svg.path(d=path),
        view_box=f"0 0 {WIDTH} {HEIGHT}",
        custom_attrs={"preserveAspectRatio": "none"},
        class_name="spark",
        aria_hidden="true",
    )
