"""Commands whose options may stand in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cleanse.settings import describe_settings, find_settings


class SettingsCommand(click.Command):
    """A command whose options take their defaults from the settings file in this folder or above."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the file before the command line, which wins."""
        if not {"-h", "--help"} & set(args):
            settings = find_settings(Path.cwd())
            own = {parameter.name for parameter in self.params}
            extra["obj"] = settings
            extra["default_map"] = {name: value for name, value in settings.values.items() if name in own}
        return super().make_context(info_name, args, parent, **extra)


def _begin_showing(context: click.Context, parameter: click.Parameter, wanted: bool) -> bool:  # noqa: FBT001 - as click calls it
    """Let the arguments be missing."""
    del parameter
    context.resilient_parsing = context.resilient_parsing or wanted
    return wanted


show_settings_option = click.option(
    "--show-settings",
    is_flag=True,
    is_eager=True,
    callback=_begin_showing,
    help="Say which options count, and from where.",
)


def print_settings(values: dict[str, Any]) -> None:
    """Print the options of the command that runs, with where each value comes from."""
    context = click.get_current_context()
    said = {name for name in values if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    click.echo(describe_settings(context.obj, values, said))
