"""A group of commands of which one lists."""

from typing import Any

from typer.core import TyperGroup


class ListUnlessTold(TyperGroup):
    """A group of commands that lists when none of them is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` in front where there is no command and no call for help."""
        if ctx.resilient_parsing:  # a shell that asks what may follow
            return super().parse_args(ctx, args)
        named = args and (args[0] == "--help" or not args[0].startswith("-"))
        return super().parse_args(ctx, args if named else ["list", *args])
