"""Commands of the loop of review: judge what rules did, see how often they are right, compare two runs.

They are parsed here and done in the rooms `verdicts`, `review` and `diff`, which are imported inside the commands, so that help is quick. Only `cli`
uses this room.
"""

from __future__ import annotations

from cleanse.commands.as_json import json_option, print_json
from cleanse.commands.completions import add_completions, completions_command
from cleanse.commands.diff import diff_command
from cleanse.commands.explain import explain_command
from cleanse.commands.here import HERE
from cleanse.commands.review import review_command
from cleanse.commands.settings import SettingsCommand, print_settings, show_settings_option
from cleanse.commands.verdicts import measure_harm, precision_options, print_harm, verdict_commands

__all__ = [
    "HERE",
    "SettingsCommand",
    "add_completions",
    "completions_command",
    "diff_command",
    "explain_command",
    "json_option",
    "measure_harm",
    "precision_options",
    "print_harm",
    "print_json",
    "print_settings",
    "review_command",
    "show_settings_option",
    "verdict_commands",
]
