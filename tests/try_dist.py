"""Try a wheel or an sdist in a clean environment: `python tests/try_dist.py dist/NAME`. It is what `make dist` runs.

Installs it into a new environment, outside of the project, with the versions of constraints.txt, and uses it as a stranger would:
run, restore, check, completions, and a page in HTML by the extra `web`. Prints what the environment holds, by size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = "The kiln was lit before dawn.\nShare on Facebook\n"
SHOWN = 12  # packages, the largest first


def main(built: Path) -> None:
    """Install and use it; whatever fails ends with an error."""
    with tempfile.TemporaryDirectory(prefix="cleanse-dist-") as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=True)
        python, command = folder / "env/bin/python", str(folder / "env/bin/cleanse")
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}

        def call(*arguments: str) -> str:
            done = subprocess.run(
                arguments, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8"
            )
            return done.stdout

        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        call(*install, "--constraint", str(ROOT / "constraints.txt"), str(built.resolve()))
        print(describe_size(folder / "env"))
        (folder / "in").mkdir()
        (folder / "in/a.txt").write_text(PAGE)
        assert "kept         1 document" in call(command, "run", "in", "out.parquet")
        call(command, "restore", "out.parquet", "--to", "back")
        assert (folder / "back/a.txt").read_text() == PAGE
        assert "no fault" in call(command, "check")
        for shell in ("bash", "zsh", "fish"):
            assert "_CLEANSE_COMPLETE" in call(command, "completions", shell)
        call(*install, "--constraint", str(ROOT / "constraints.txt"), f"{built.resolve()}[web]")
        (folder / "in/b.html").write_text("<p>The nets were dry.</p>")
        assert "kept         2 documents" in call(command, "run", "in", "web.parquet")
    print(f"{built.name}: run, restore, check, completions and [web] work")


def describe_size(environment: Path) -> str:
    """Say how much the installed packages take, the largest first."""
    (site,) = environment.glob("lib/python*/site-packages")
    sizes = {
        item.name: sum(path.stat().st_size for path in item.rglob("*") if path.is_file())
        for item in site.iterdir()
        if item.is_dir() and item.name not in ("pip", "setuptools")
    }
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:SHOWN]
    lines = [f"installed {sum(sizes.values()) / 1e6:.0f} MB", *(f"{size / 1e6:8.0f} {name}" for name, size in largest)]
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
