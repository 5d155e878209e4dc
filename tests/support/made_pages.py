"""The pages of docs/ that are made from the code."""

from collections.abc import Callable

from support.commands_page import commands_page
from support.losses_page import losses_page
from support.spec_page import spec_page

MADE_PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "losses.md": losses_page,
    "spec.md": spec_page,
}
"""By file name, the text that it ought to hold."""
