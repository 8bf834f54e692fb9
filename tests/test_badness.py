"""ftfy's pattern of badness, run by a kernel, finds what ftfy finds."""

from __future__ import annotations

import ftfy.badness
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse.encoding import badness

PATTERN = badness.load_pattern()
ALPHABET = "".join(
    chr(code) for code in range(0x80, 0x10000) if ftfy.badness.BADNESS_RE.search(f"é{chr(code)}¦¦Ø€") and code < 0x2600
)
MIXED = st.text(
    st.sampled_from("ÃÂØÙ°€¦œ×²ВГРСЂўΒΞβ‚â√≈à²éÉ»«™½│┐ā \t\x1c\xa0\x85aZ.-_文x") | st.sampled_from(ALPHABET), max_size=7
)


def is_bad(line: str) -> bool:
    data = np.frombuffer(line.encode(), dtype=np.uint8)
    return bool(badness.is_bad(data, 0, len(data), PATTERN, np.empty_like(PATTERN.first)))


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("FÃ¼r", True),
        ("Für", False),
        ("Â ab", True),
        ("xyz Â ab", True),
        ("1Â ab", False),
        ("ГўВЂВ x", True),
        ("ГўВЂВў文", False),
        ("œ1", True),
        ("œuvre", False),
        ("", False),
    ],
)
def test_single_lines(line, bad):
    """A line is bad where one of the alternatives is somewhere in it; some only at its start, or with a letter behind."""
    assert is_bad(line) is bad
    assert ftfy.badness.is_bad(line) is bad


@settings(deadline=None, max_examples=1000)
@given(MIXED | st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=9))
def test_the_kernel_finds_what_ftfy_finds(line):
    """On any text of the basic plane both say the same."""
    assert is_bad(line) == ftfy.badness.is_bad(line)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("🏝😀𠀀é»²Âœ€ a")))
def test_no_badness_is_missed_beside_an_emoji(line):
    """Above the basic plane the kernel may say more than ftfy, and never less."""
    assert is_bad(line) or not ftfy.badness.is_bad(line)
