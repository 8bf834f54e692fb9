"""Commands of the loop of review: judge what rules did, see how often they are right, compare two runs.

They are parsed here and done in the rooms `verdicts`, `review` and `diff`, which are imported inside the commands, so that help is quick. Only `cli`
uses this room.
"""

from __future__ import annotations

from cleanse.commands.diff import diff_command
from cleanse.commands.explain import explain_command
from cleanse.commands.review import review_command
from cleanse.commands.settings import SettingsCommand, print_settings, show_settings_option
from cleanse.commands.verdicts import precision_options, print_harm, verdict_commands

__all__ = [
    "SettingsCommand",
    "diff_command",
    "explain_command",
    "precision_options",
    "print_harm",
    "print_settings",
    "review_command",
    "show_settings_option",
    "verdict_commands",
]
