"""The OUT of a command that reads it: it stands on this machine."""

from __future__ import annotations

from typing import Any

import click


class _Here(click.ParamType[str]):
    """The name of an OUT on this machine; an address is refused with the way out."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the name as it is.

        Raises:
            InputError: it is an address.
        """
        del param, ctx
        from cleanse.errors import InputError
        from cleanse.files import is_address

        if "://" in value and is_address(value):
            hint = "copy OUT and its report to this machine first"
            raise InputError("this command reads an OUT on this machine only", where=value, hint=hint)
        return str(value)


HERE = _Here()
