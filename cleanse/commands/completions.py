"""`cleanse completions`: words that the shell completes, the ids of rules and the names of columns among them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from click.shell_completion import CompletionItem, get_completion_class

Command = TypeVar("Command", bound=click.Command)
SHELLS = ("bash", "zsh", "fish")
RULE_NAMES = ("rule", "rule_id", "rules", "select", "ignore")  # parameters whose value is a rule
PLACES = ("inputs", "out", "out_a", "out_b", "folder", "folders", "file", "to", "verdicts", "against", "report", "page")
COLUMNS = ("text_column", "id_column", "url_column")
RULE_VALUES = ("RULE", "ID")


@click.command(name="completions")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@click.pass_context
def completions_command(context: click.Context, shell: str) -> None:
    """Print what makes SHELL (bash, zsh or fish) complete commands, options, files, columns and the ids of rules.

    bash: put `eval "$(cleanse completions bash)"` into ~/.bashrc. zsh: the same with zsh, into ~/.zshrc. fish: write it to
    ~/.config/fish/completions/cleanse.fish.
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(_make(found)(context.find_root().command, {}, "cleanse", "_CLEANSE_COMPLETE").source())


def _make(found: type) -> Callable[..., click.shell_completion.ShellComplete]:
    """Take a script without asking the shell for its version: it is printed for a shell that may not be here."""
    return type(found.__name__, (found,), {"_check_version": staticmethod(lambda: None)})


def list_rules(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Give the ids of rules, and the families, that begin with what was typed."""
    del context, parameter
    from cleanse.rules import load_rules

    ids = [rule.id for rule in load_rules()]
    families = {name.partition("/")[0] for name in ids}
    return [CompletionItem(name) for name in sorted({*ids, *families}) if name.startswith(begun)]


def list_places(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Let the shell complete the names of files and folders."""
    del context, parameter
    return [CompletionItem(begun, type="file")]


def list_columns(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Give the columns of the INPUT that stands on the command line already."""
    del parameter
    from cleanse.files import peek_columns

    named = [*(context.params.get("inputs") or ()), context.params.get("out"), *context.args]
    there = [name for name in named if name and Path(name).exists()]
    return [CompletionItem(name) for name in peek_columns(there) if name.startswith(begun)] if there else []


def add_completions(command: Command) -> Command:
    """Say of each parameter of a command, and of the commands in it, what completes it."""
    for parameter in command.params:
        if parameter.metavar in RULE_VALUES and parameter.name in RULE_NAMES:
            parameter._custom_shell_complete = list_rules  # noqa: SLF001 - click takes it only where a parameter is made
        elif parameter.name in COLUMNS:
            parameter._custom_shell_complete = list_columns  # noqa: SLF001
        elif parameter.name in PLACES:
            parameter._custom_shell_complete = list_places  # noqa: SLF001
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        add_completions(inner)
    return command
