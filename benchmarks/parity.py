"""Set our measures beside the numbers of other tools, on the same texts: the table of docs/parity.md.

    python benchmarks/parity.py                             print the table
    python benchmarks/parity.py --write                     put it into docs/parity.md
    python benchmarks/parity.py --run TOOL PYTHON [WHEEL]   let a tool measure the texts, and keep its numbers

`parity_texts.toml` holds the texts, `parity.json` what the tools gave, by version. TOOL runs in an environment of its own, whose
Python is given; `peers/parity.py` says how each is set up.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse import load_rules, quality

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "parity.md"
KEPT = HERE / "parity.json"
TEXTS: dict[str, str] = tomllib.loads((HERE / "parity_texts.toml").read_text("utf-8"))


def run_tool(tool: str, python: str, *wheel: str) -> None:
    """Let one tool measure the texts, and keep what it gave together with the texts that it saw."""
    command = [python, HERE / "peers" / "parity.py", tool, *wheel]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # NeMo Curator's choice between equals depends on it
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    kept = orjson.loads(KEPT.read_bytes())
    found = orjson.loads(done.stdout.splitlines()[-1])
    kept["tools"] = {name: found if name == found["name"] else old for name, old in kept["tools"].items()}
    kept["texts"] = TEXTS
    KEPT.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")


def show(value: float | None) -> str:
    """Give a number as the table has it: three decimals, none where it is whole, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def make_table() -> str:
    """Give the table, a row a measure and text; rows in which all that have the measure agree on 0 are left out."""
    tools: dict[str, Any] = orjson.loads(KEPT.read_bytes())["tools"]
    frame = pl.LazyFrame(
        {"clean": list(TEXTS.values()), "language": ["und" if name == "edges" else name for name in TEXTS]}
    )
    ours = quality.measure_documents(frame, quality.Parameters.of(load_rules())).collect()
    heads = [f"{name} {tool['version']}" for name, tool in tools.items()]
    rows = [f"| measure | text | ours | {' | '.join(heads)} |", "|---|---|" + "--:|" * (len(tools) + 1)]
    for name in quality.MEASURES:
        for place, text in enumerate(TEXTS):
            values = [ours[name][place], *(tool["texts"][text].get(name) for tool in tools.values())]
            if any(values):
                rows.append(f"| `{name}` | {text} | {' | '.join(map(show, values))} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", nargs="+", metavar=("TOOL", "PYTHON"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.run:
        run_tool(*arguments.run)
    elif arguments.write:
        page = PAGE.read_text("utf-8")
        PAGE.write_text(re.sub(r"(?:^\|.*\n)+", lambda _: make_table(), page, count=1, flags=re.MULTILINE), "utf-8")
    else:
        print(make_table(), end="")


if __name__ == "__main__":
    main()
