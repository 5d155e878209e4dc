"""Statistics as one flat mapping, for comparing them number by number."""

from stq.data import Statistics


def parts_of(statistics: Statistics) -> dict[str, object]:
    """Every field, those of the site and of its grid among them."""
    assert statistics.site is not None
    site, grid = vars(statistics.site), vars(statistics.site.grid)
    return {**vars(statistics), **site, **grid, "site": None, "grid": None}
