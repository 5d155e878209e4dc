"""What `stq report` says of the page it wrote."""

from pathlib import Path

from rich.table import Table

from stq.report._table import pairs


def report_summary(path: Path, nbytes: int) -> Table:
    """Where the page is and how large."""
    return pairs([("wrote", str(path)), ("size", f"{nbytes / 1e6:,.1f} MB")])
