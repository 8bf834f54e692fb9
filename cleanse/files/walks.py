"""Walk the folders and expand the patterns that INPUT names. What is not followed is named, so that nothing is lost silently."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cleanse.errors import InputError
from cleanse.files.addresses import Entry
from cleanse.files.names import printable
from cleanse.files.places import (
    REPORT_SUFFIX,
    SUMMARY,
    Identity,
    find_identities_above,
    find_identity,
    is_out,
    is_report,
    is_work,
    out_suffix,
    report_folder,
    work_folder,
)

Found = tuple[Path, str]


@dataclass
class Skipped:
    """What a walk did not go into: hidden folders, outputs of cleanse, and links to what is read already.

    `left_out` are files that were found, and that nobody wants.
    """

    hidden: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, other: Skipped, prefix: str) -> None:
        """Take over what another walk did not go into, each name once, behind a prefix."""
        for mine, theirs in ((self.hidden, other.hidden), (self.outputs, other.outputs), (self.links, other.links)):
            mine.extend(sorted({printable(f"{prefix}{name}") for name in theirs}))


class Walk:
    """The files of one INPUT. `skipped` fills while they are found."""

    def __init__(self, name: str, out: Path) -> None:
        """Begin at a file, a folder or a pattern; OUT, its report and its work folder are never walked into."""
        self.name, self.base, self.skipped = name, Path(name), Skipped()
        self._own = {real: place for place in (out, report_folder(out), work_folder(out)) for real in _ways_to(place)}
        self._visited: set[Identity] = set()
        if not os.path.exists(name):  # noqa: PTH110 - never raises
            self.base = Path(find_base(name))

    def find(self) -> list[Found]:
        """Give each file with its name relative to the INPUT, in the order of the bytes of these names.

        Raises:
            InputError: there is no such thing, it cannot be read, or it is OUT.
        """
        name = self.name
        if os.path.isdir(name):  # noqa: PTH112 - never raises
            if self._is_output(self.base):
                return []
            return self._walk([self.base], parts_are_named=True)
        if os.path.exists(name):  # noqa: PTH110
            self._is_own(self.base, refuse=True)
            return [(self.base, self.base.name)]
        if not glob.has_magic(name):
            raise InputError("no such file or folder", where=name, hint="check the spelling")
        return self._match()

    def _match(self) -> list[Found]:
        """Give the files that the pattern matches, and those in the folders that it matches, each once."""
        matches = sorted(
            set(self._expand([self.base], Path(self.name).parts[len(_parts(self.base)) :])), key=os.fsencode
        )
        if not matches:
            raise InputError("no file matches", where=self.name, hint="check the pattern, and quote it for the shell")
        files = [path for path in matches if not path.is_dir() and not self._is_output(path)]
        folders = [path for path in matches if path.is_dir()]
        found = {path: self._relative(path) for path in files}
        found |= dict(self._walk(folders))
        return self._sorted(found.items())

    def _expand(self, places: Iterable[Path], parts: tuple[str, ...]) -> Iterator[Path]:
        """Give what the parts of a pattern match below some places; `**` is any number of folders.

        The function of the same purpose in `glob` goes round a loop of links for ever.
        """
        if not parts:
            yield from places
            return
        first, rest = parts[0], parts[1:]
        for place in places:
            if first == "**":
                below = self._folders_below(place)
                yield from self._expand(below, rest) if rest else [place]
            elif glob.has_magic(first):
                names = (name for name in _list(place) if fnmatch.fnmatchcase(name, first))
                shown = [place / name for name in names if first[0] == "." or name[0] != "."]
                yield from self._expand((path for path in shown if not self._is_skipped_folder(path)), rest)
            elif os.path.lexists(place / first):
                yield from self._expand([place / first], rest)

    def _folders_below(self, place: Path) -> list[Path]:
        walk = Walk(str(place), next(iter(self._own.values())))
        walk.base = self.base
        folders: list[Path] = []
        walk._walk([place], folders=folders)
        self.skipped.hidden += walk.skipped.hidden
        self.skipped.links += walk.skipped.links
        return folders

    def _is_skipped_folder(self, path: Path) -> bool:
        return path.is_dir() and self._is_output(path)

    def _walk(
        self, starts: list[Path], *, parts_are_named: bool = False, folders: list[Path] | None = None
    ) -> list[Found]:
        """Walk folders: real ones first, then those behind links, each folder once. Adds the folders to `folders`.

        With `parts_are_named` the first start may be an OUT of cleanse, whose parts are then wanted.
        """
        found: dict[Path, str] = {}
        waiting: list[Path] = []
        links: list[Path] = []
        for start in reversed(starts):
            (links if start.is_symlink() and not parts_are_named else waiting).append(start)
        while waiting or links:
            folder = waiting.pop() if waiting else self._follow(links)
            identity = find_identity(folder) if folder else None
            if folder is None or identity is None or identity in self._visited:
                continue
            self._visited.add(identity)
            if folders is not None:
                folders.append(folder)
            for entry in sorted(_scan(folder), key=lambda entry: os.fsencode(entry.name), reverse=True):
                path = folder / entry.name
                if entry.is_dir() and entry.name.startswith("."):
                    self.skipped.hidden.append(self._relative(path))
                elif parts_are_named and folder == starts[0] and entry.name.startswith("part-"):
                    found[path] = self._relative(path)
                elif self._is_output(path):
                    continue
                elif entry.is_dir():
                    (links if entry.is_symlink() else waiting).append(path)
                else:
                    found[path] = self._relative(path)
        return self._sorted(found.items())

    def _follow(self, links: list[Path]) -> Path | None:
        """Take the first link; give it where it leads to a folder that is neither read already nor one that it lies in."""
        links.sort(key=os.fsencode, reverse=True)
        link = links.pop()
        target, home = find_identity(link), link.parent
        if target in self._visited | find_identities_above(home) | {find_identity(home)}:
            self.skipped.links.append(self._relative(link))
            return None
        return link

    def _is_output(self, path: Path) -> bool:
        """Say whether it is something that cleanse wrote, and note it."""
        ours = self._is_own(path) or ((is_report(path) or is_work(path)) if path.is_dir() else is_out(path))
        if ours:
            self.skipped.outputs.append(self._relative(path))
        return ours

    def _is_own(self, path: Path, *, refuse: bool = False) -> bool:
        """Say whether it is OUT of this run or belongs to it.

        Raises:
            InputError: it is what stands in the place of OUT, and cleanse did not write it; or `refuse` is true.
        """
        real = os.path.realpath(path)
        for own, place in self._own.items():
            if real == own or real.startswith(f"{own}{os.sep}"):
                if refuse or not (is_out(place) or is_report(place) or is_work(place)):
                    hint = "choose another OUT; it is the last argument of the command"
                    raise InputError("this input is OUT, or stands inside it", where=printable(str(path)), hint=hint)
                return True
        return False

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.base).as_posix()

    @staticmethod
    def _sorted(found: Iterable[Found]) -> list[Found]:
        return sorted(found, key=lambda item: os.fsencode(item[1]))


def pass_over(entries: Sequence[Entry]) -> tuple[list[Entry], Skipped]:
    """Leave out hidden folders and outputs of cleanse among the files of a store, by their names alone."""
    skipped, kept = Skipped(), []
    folders = {place.parent for entry in entries if (place := PurePosixPath(entry.relative)).name == SUMMARY}
    reports = {folder for folder in folders if folder.suffix == REPORT_SUFFIX}
    outs = {str(folder).removesuffix(REPORT_SUFFIX) for folder in reports}
    for entry in entries:
        place = PurePosixPath(entry.relative)
        hidden = next((folder for folder in reversed(place.parents) if folder.name.startswith(".")), None)
        stem = entry.relative.removesuffix(out_suffix(place.name) or "\n")
        if hidden is not None:
            skipped.hidden.append(str(hidden))
        elif reports & {*place.parents}:
            skipped.outputs.append(str(next(folder for folder in reversed(place.parents) if folder in reports)))
        elif stem in outs or (str(place.parent) in outs and place.name.startswith("part-")):
            skipped.outputs.append(entry.relative if stem in outs else str(place.parent))
        else:
            kept.append(entry)
    return kept, skipped


def _ways_to(place: Path) -> set[str]:
    """Give where a place is: by its own name, and by where it leads if it is a link."""
    return {os.path.realpath(place), os.path.join(os.path.realpath(place.parent), place.name)}  # noqa: PTH118


def find_base(pattern: str) -> str:
    """Give the folder that a pattern starts from: its parts before the first one with a sign of a pattern."""
    parts = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return str(Path(*parts)) if parts else "."


def _parts(base: Path) -> tuple[str, ...]:
    return () if base == Path() else base.parts


def _list(folder: Path) -> list[str]:
    """List the names in a folder; what is no folder, or cannot be read, has none that match."""
    try:
        return sorted(os.listdir(folder), key=os.fsencode)  # noqa: PTH208 - names, not paths
    except OSError:
        return []


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(folder), hint="mend its rights") from error
