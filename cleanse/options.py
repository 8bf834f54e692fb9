"""What a user may choose: one model, from which the command, `run` and `clean` are made.

A new option is written down once, as a field of `Options`. The field says its type, its default, its limits, the sentence that
`--help` prints, whether it can change the result, and whether `clean` has it too. Then `cleanse run` has the flag, `cleanse.run`
and `cleanse.clean` have the argument, and the digest in OUT knows about it. What the option does is for the code that reads the field.

This module imports neither Polars nor the rules, so that `cleanse --help` is quick.
"""

from __future__ import annotations

import difflib
import inspect
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from cleanse.errors import OptionError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from cleanse.rules import Rules

TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?")
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Shown:
    """How an option appears, beside its description: what the model itself does not say.

    `metavar` stands for its value in `--help`. `flag` is the name on the command line, where it is not that of the field; an option
    without `command` is for Python only. `result` says that it can change OUT or the report, so it counts in the digest. `clean`
    says that `cleanse.clean` has it.
    """

    metavar: str = ""
    flag: str = ""
    command: bool = True
    result: bool = True
    clean: bool = False


def as_tuple(value: Any) -> Any:
    """Read one text or path as a list of one, so that it is not taken apart letter by letter.

    >>> as_tuple("encoding"), as_tuple(["spam", "dedupe"])
    (('encoding',), ['spam', 'dedupe'])
    """
    return (value,) if isinstance(value, str | os.PathLike) else value


def read_tags(value: Any) -> Any:
    """Read languages: tags, or texts of tags with commas between them.

    >>> read_tags("hi, en"), read_tags(["zh-hant"]), read_tags("")
    (('en', 'hi'), ('zh-Hant',), ())

    Raises:
        ValueError: what is no tag.
    """
    tags = [tag.strip() for text in as_tuple(value) for tag in str(text).split(",") if tag.strip()]
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise ValueError(f"not the tag of a language, such as hi, pt or zh-Hant: {tag}")
    parts = [tag.split("-") for tag in tags]
    return tuple(sorted({"-".join([first.lower(), *map(str.title, rest)]) for first, *rest in parts}))


def check_name(value: str) -> str:
    """Refuse the name of a column that no file can have.

    Raises:
        ValueError: the name is not UTF-8.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a column's name is not UTF-8") from None
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Folders = Annotated[tuple[Path, ...], BeforeValidator(as_tuple)]
Tags = Annotated[tuple[str, ...], BeforeValidator(read_tags)]
Name = Annotated[str, AfterValidator(check_name)]


class Options(BaseModel):
    """The options of a run, in the order of `cleanse run --help`. All have a default; a value that makes no sense is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: Annotated[Names, Shown("RULE", clean=True)] = Field(
        default=(), description="Run only these rules (id, family or glob; repeatable)."
    )
    ignore: Annotated[Names, Shown("RULE", clean=True)] = Field(
        default=(), description="Leave these rules out (id, family or glob; repeatable)."
    )
    # What these folders hold counts in the digest of the rules.
    rules: Annotated[Folders, Shown("DIR", result=False, clean=True)] = Field(
        default=(), description="Add a folder of rules; their words join ours (repeatable)."
    )
    profile: Annotated[str | None, Shown("NAME", clean=True)] = Field(
        default=None, description="Let the rules of gopher, c4, fineweb or refinedweb act."
    )
    duplicates: Annotated[bool, Shown(flag="--no-dedupe")] = Field(
        default=True, description="Do not look for duplicates."
    )
    against: Annotated[Path | None, Shown("OUT_OLD")] = Field(
        default=None, description="Drop what an earlier OUT already has, too."
    )
    pages: Annotated[Literal["auto", "always", "never"], Shown(clean=True)] = Field(
        default="auto",
        description="Which documents are pages with furniture around a text: those that look like it, all, or none.",
    )
    strip_spam: Annotated[bool, Shown(clean=True)] = Field(
        default=False, description="Take spam segments out instead of flagging them."
    )
    drop_spam: Annotated[float | None, Shown("SCORE", clean=True)] = Field(
        default=None, gt=0, le=1, description="Drop documents whose spam score is above SCORE."
    )
    language: Annotated[Tags, Shown("TAGS", clean=True)] = Field(
        default=(), description="Keep these languages, such as hi,en; drop the rest."
    )
    min_precision: Annotated[float | None, Shown("SHARE")] = Field(
        default=None,
        gt=0,
        le=1,
        description="A rule whose precision lies below only flags, such as 0.95; needs --verdicts.",
    )
    # What a verdict says counts in the digest only where it holds a rule back.
    verdicts: Annotated[Path | None, Shown("FILE", result=False)] = Field(
        default=None, description="What reviewers said: figures for the table of rules."
    )
    include: Annotated[Names, Shown("GLOB", result=False)] = Field(
        default=(), description="Read only files whose name it matches (repeatable)."
    )
    exclude: Annotated[Names, Shown("GLOB", result=False)] = Field(
        default=(), description="Leave out files whose name it matches (repeatable)."
    )
    text_column: Annotated[Name, Shown("NAME")] = Field(default="text", description="Column of rows with the text.")
    id_column: Annotated[Name | None, Shown("NAME")] = Field(
        default=None, description="Column of rows with the id.  [default: id, where there is one]"
    )
    url_column: Annotated[Name | None, Shown("NAME")] = Field(
        default=None, description="Column of rows with the address."
    )
    number_rows: Annotated[bool, Shown()] = Field(
        default=False, description="Make ids <source>#<row>; a column `id` becomes `input_id`."
    )
    limit: Annotated[int | None, Shown("N")] = Field(
        default=None, ge=1, description="Try it out: read only the first N documents."
    )
    sample: Annotated[int | None, Shown("N")] = Field(
        default=None, ge=1, description="Try it out: take N documents, chosen by a hash of their ids."
    )
    seed: Annotated[int, Shown("S")] = Field(default=0, ge=0, description="Another seed gives another --sample.")
    workers: Annotated[int | None, Shown("N", result=False)] = Field(
        default=None,
        ge=1,
        description="Processes that read and clean.  [default: all cores; from Python: this process alone]",
    )
    engine: Annotated[Literal["local", "ray"], Shown(result=False)] = Field(
        default="local", description="Where shards are cleaned: on this machine, or on a cluster of Ray."
    )
    ray_address: Annotated[str | None, Shown("ADDRESS", result=False)] = Field(
        default=None, description="The cluster of --engine ray.  [default: RAY_ADDRESS, else one started here]"
    )
    strict: Annotated[bool, Shown(result=False)] = Field(
        default=False, description="Anything quarantined is an error: status 2 and no OUT."
    )
    overwrite: Annotated[bool, Shown(result=False)] = Field(
        default=False, description="Replace an OUT of other input or options; what is not ours is moved aside."
    )
    report: Annotated[Path | None, Shown("DIR.report", result=False)] = Field(
        default=None, description="Where the report goes, where OUT is - (the standard output)."
    )
    restart: Annotated[bool, Shown(result=False)] = Field(
        default=False, description="Throw away what a run that was cut short has done."
    )
    shard_mb: Annotated[float | None, Shown("MB", result=False)] = Field(
        default=None,
        gt=0,
        description="Megabytes of input that a process cleans at a time; sets its memory.  [default: 8]",
    )
    out_mb: Annotated[float | None, Shown("MB", result=False)] = Field(
        default=None,
        gt=0,
        description="Megabytes of text in each file, where OUT is a folder.  [default: 500 000 rows]",
    )
    shard_bytes: Annotated[int | None, Shown(command=False, result=False)] = Field(
        default=None, ge=1, description="Bytes of input that are cleaned at a time.  [default: about 8 MB]"
    )

    @model_validator(mode="after")
    def _fit(self) -> Self:
        """Refuse options that contradict each other."""
        if self.number_rows and self.id_column is not None:
            raise ValueError(
                f"--number-rows and --id-column {self.id_column} contradict each other: leave one of them out"
            )
        if self.shard_mb is not None and self.shard_bytes is not None:
            raise ValueError("--shard-mb and shard_bytes say the same: leave one of them out")
        if self.ray_address is not None and self.engine != "ray":
            raise ValueError("--ray-address without --engine ray: give both")
        if self.id_column == self.text_column:
            hint = "name another column with --id-column, or number the rows with --number-rows"
            raise ValueError(f"one column cannot be both text and id: {self.text_column}: {hint}")
        if self.seed and self.sample is None:
            raise ValueError("--seed without --sample: say how many documents to take")
        if self.min_precision is not None and self.verdicts is None:
            raise ValueError("--min-precision without verdicts: name the file that reviewers wrote with --verdicts")
        return self

    @classmethod
    def of(cls, chosen: Mapping[str, Any], *, function: str = "run") -> Self:
        """Make the options of what was chosen for `function`, `run` or `clean`.

        Raises:
            OptionError: there is no such option, or a value makes no sense; all that is wrong is told.
        """
        known = {name for name, _, shown in listed() if function == "run" or shown.clean}
        for name in chosen:
            if name not in known:
                raise _unknown(name, function, sorted(known))
        try:
            return cls(**chosen)
        except ValidationError as error:
            hint = "`cleanse run --help` explains the options"
            raise OptionError("; ".join(_say(one) for one in error.errors()), hint=hint) from None

    def choose(self, every: Rules) -> Rules:
        """Choose among all rules those that run, as they run.

        Raises:
            OptionError: no such profile, or a name that matches no rule.
        """
        ignore = [*self.ignore, *([] if self.duplicates else ["dedupe"])]
        chosen = every.apply_profile(self.profile).select(self.select, ignore)
        chosen = chosen.choose_pages(self.pages).drop_spam(self.drop_spam, every)
        return chosen.strip_spam() if self.strip_spam else chosen

    def result(self) -> dict[str, Any]:
        """Give the options that can change the result and differ from their defaults, as plain values."""
        told = self.model_dump(mode="json")
        names = [name for name, field, shown in listed() if shown.result and getattr(self, name) != field.default]
        return {name: sorted(told[name]) if isinstance(told[name], list) else told[name] for name in names}


def listed() -> list[tuple[str, FieldInfo, Shown]]:
    """List the options: name, field of the model, and how it is shown."""
    return [
        (name, field, next(one for one in field.metadata if isinstance(one, Shown)))
        for name, field in Options.model_fields.items()
    ]


def flag_of(name: str, shown: Shown) -> str:
    """Give the flag of an option on the command line.

    >>> flag_of("strip_spam", Shown()), flag_of("duplicates", Shown(flag="--no-dedupe"))
    ('--strip-spam', '--no-dedupe')
    """
    return shown.flag or f"--{name.replace('_', '-')}"


def _unknown(name: str, function: str, known: list[str]) -> OptionError:
    others = {other for other, _, _ in listed()} - set(known)
    near = difflib.get_close_matches(name, known, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    hint = "it is an option of `run`: what it chooses concerns files" if name in others else hint
    return OptionError(f"`{function}` has no such option", where=name, hint=hint)


def _say(error: Any) -> str:
    """Say what is wrong with one value, in our words; or with several together, in those of the check that found it."""
    if not error["loc"]:
        return str(error["ctx"]["error"] if "ctx" in error else error["msg"])
    limits = {
        "greater_than": "above {gt:g}",
        "greater_than_equal": "{ge:g} or more",
        "less_than_equal": "at most {le:g}",
    }
    if not error["loc"]:
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    shown = {own: one for own, _, one in listed()}[name]
    flag = flag_of(name, shown) if shown.command else name
    if error["type"] in limits:
        return f"{flag} must be {limits[error['type']].format(**error['ctx'])}: {error['input']}"
    if error["type"] == "value_error":
        return f"{flag}: {error['ctx']['error']}"
    return f"{flag}: {error['msg'][:1].lower()}{error['msg'][1:]}: {error['input']!r}"


def takes_options(function: Function, only: Callable[[Shown], bool] = lambda _: True) -> Function:
    """Show the options in the signature of a function that takes them as `**options`, for `help()` and editors."""
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.annotation)
        for name, field, shown in listed()
        if only(shown)
    ]
    function.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    return function


def clean_on_command_line(function: Function) -> Function:
    """Give a command of click a flag for each option that `cleanse.clean` has."""
    return on_command_line(function, lambda shown: shown.clean)


def on_command_line(function: Function, only: Callable[[Shown], bool] = lambda _: True) -> Function:
    """Give a command of click a flag for each option, or for some of them."""
    import click

    for name, field, shown in reversed(listed()):
        if not shown.command or not only(shown):
            continue
        kinds = {field.annotation, *get_args(field.annotation)}
        settings: dict[str, Any] = {"help": field.description}
        if bool in kinds:
            settings |= {"is_flag": True, "flag_value": not field.default, "default": field.default}
        elif get_origin(field.annotation) is Literal:
            choices = click.Choice([str(one) for one in get_args(field.annotation)])
            settings |= {"type": choices, "default": field.default, "show_default": True}
        elif tuple in {getattr(kind, "__origin__", None) for kind in kinds}:
            settings |= {"multiple": True, "metavar": shown.metavar}
        else:
            number: Any = next((kind for kind in (int, float) if kind in kinds), str)
            least = next((one.ge for one in field.metadata if hasattr(one, "ge")), None)
            number = click.IntRange(min=least) if number is int and least is not None else number
            default = {} if field.default is None else {"default": field.default, "show_default": True}
            settings |= {"type": number, "metavar": shown.metavar, **default}
        function = click.option(flag_of(name, shown), name, **settings)(function)
    return function
