"""The losses that a spec may name, with what a person needs to use them."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from stq.errors import UsageError
from stq.losses import OptionInfo, loss_options
from stq.registry import LossEntry, load_losses


@dataclass(frozen=True)
class LossCard:
    """What a person needs to use a loss. `text` is its docstring: equation and source."""

    name: str
    updates: tuple[str, ...]
    reduction: str
    needs_quantiles: bool
    options: Mapping[str, OptionInfo]
    distribution: str
    summary: str
    text: str

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON; types and defaults as text where JSON has none for them."""
        return {
            **vars(self),
            "updates": list(self.updates),
            "options": {name: vars(option) for name, option in self.options.items()},
        }


def list_losses(local: tuple[Path, ...] = ()) -> tuple[LossCard, ...]:
    """Every loss that a spec may name, by name; `local` are plugin files to count in."""
    registry = load_losses(local)
    return tuple(loss_card(name, registry.get(name)) for name in sorted(registry))


def losses_left_out() -> tuple[str, ...]:
    """Why some that are installed are not in that list: broken plugins, and names that several of them bring."""
    return load_losses().left_out


def show_loss(name: str) -> LossCard:
    """The loss of that name. Raises UsageError for a file, and PluginError with the nearest name, or with the
    distributions that clash.
    """
    if name.endswith(".py"):
        raise UsageError(
            f"expected the name of a loss, found a file; try `stq losses test {quote(name)}`, which runs it"
        )
    return loss_card(name, load_losses().get(name))


def loss_card(name: str, entry: LossEntry) -> LossCard:
    """One loss."""
    text = inspect.getdoc(entry.cls) or ""
    return LossCard(
        name=name,
        updates=entry.cls.updates,
        reduction=entry.cls.reduction,
        needs_quantiles=entry.cls.needs_quantiles,
        options=loss_options(entry.cls),
        distribution=entry.distribution,
        summary=text.split("\n")[0],
        text=text,
    )
