"""Text as people can read it: what hides, turns a line around or steers a terminal gets a sign."""

from __future__ import annotations

SAMPLE_CHARS = 300  # characters shown of a hit
# Characters that are there and cannot be seen, and how the page shows them.
INVISIBLE = (
    *range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, *range(0x200B, 0x2010),
    *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x3164, 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080),
)  # fmt: skip
SHOWN = str.maketrans({**{chr(code): f"⟨U+{code:04X}⟩" for code in INVISIBLE}, "\r": "␍", "\n": "␊"})


def make_visible(text: str) -> str:
    r"""Put signs for characters that cannot be seen, or that turn a line around or steer a terminal.

    >>> make_visible("zero\u200bwidth")
    'zero⟨U+200B⟩width'
    """
    return text.translate(SHOWN)


def show_text(text: str | None) -> str:
    """Cut a text to SAMPLE_CHARS and make its invisible characters visible.

    >>> show_text("é" * 301) == "é" * 300 + "…"
    True
    """
    if text is None:
        return ""
    limit = SAMPLE_CHARS
    return make_visible(text if len(text) <= limit else f"{text[:limit]}…")
