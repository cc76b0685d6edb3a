"""Bars of characters."""

from __future__ import annotations

EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(value: float, most: float, width: int) -> str:
    """A bar of `width` cells, filled by `value` of `most`, to an eighth of a cell.

    >>> bar(1, 2, 4)
    '██··'
    """
    eighths = round(max(0.0, min(1.0, value / most if most else 0.0)) * width * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (EIGHTHS[rest] if rest else "")
    return text + "·" * (width - len(text))
