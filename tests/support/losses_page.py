"""docs/losses.md: the built-in losses, from their docstrings and constructors."""

from stq.app import LossCard, list_losses

HEAD = """# The built-in losses

<!-- made by make docs from the losses themselves: change their docstrings, not this page -->

What `stq losses show NAME` says of each loss that comes with stq: its equation and source, the parameter groups that it
may update unless the spec says otherwise, and its options, which stand beside its name in the spec. `reduction` says
what a value is over several processes: `valid`, a mean over the valid cells of the whole batch, or `batch`, a mean of
the processes' values (see [several processes](distributed.md)). Losses of your own: [write a plugin](plugins.md).
"""


def losses_page() -> str:
    """The page as it ought to stand in docs/."""
    return "\n".join([HEAD, *(section(card) for card in list_losses() if card.distribution == "stq")])


def section(card: LossCard) -> str:
    """One loss."""
    tag = " and ".join(f"`{group}`" for group in card.updates)
    facts = f"It may update {tag}; `reduction` is `{card.reduction}`"
    facts += "; the spec must have quantiles." if card.needs_quantiles else "."
    return "\n".join([f"## {card.name}", "", facts, "", "```text", card.text, "```", "", *options(card)])


def options(card: LossCard) -> list[str]:
    """A table of what may stand beside the name in a spec."""
    rows = [
        f"| `{name}` | {option.type} | {'required' if option.required else f'`{option.default}`'} | {option.doc} |"
        for name, option in card.options.items()
    ]
    return ["| option | type | default | meaning |", "|---|---|---|---|", *rows, ""] if rows else ["No options.", ""]
