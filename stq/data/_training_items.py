"""Which patches of which windows an epoch of training is made of."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

from stq.data._areas import Areas
from stq.data._field_store import FieldStore, in_blocks
from stq.data._request import DataRequest
from stq.data._tiles import Tile, cut_tiles
from stq.errors import DataError


def training_items(
    request: DataRequest, fields: FieldStore, issued: Sequence[int], areas: Areas | None
) -> tuple[tuple[Tile, ...], Int64[np.ndarray, "I 2"], tuple[str, ...]]:
    """The tiles, the items as pairs of a step of issue and of a tile's number, and what a person should know of them.

    A patch must have at least the share `min_valid` of its targets known, and one of them: a patch all over land
    teaches nothing of the sea. With `rare`, windows that hold such an event stand in the list several times.

    Raises:
        DataError: no patch is left.
    """
    tiles, notes = cut_tiles(fields.shape[2:], request.patch), list[str]()
    if areas is not None:
        tiles = tuple(tile for tile in tiles if areas.training[tile.rows, tile.columns].all())
        if not tiles:
            raise DataError(
                "data.split.blocks: no patch of data.patch fits between the blocks held out; "
                "take larger blocks, a smaller buffer or smaller patches"
            )
    steps = np.array(issued, dtype=np.int64)
    items = np.stack([np.repeat(steps, len(tiles)), np.tile(np.arange(len(tiles)), len(steps))], axis=1)
    if request.patch is None and request.rare is None:
        return tiles, items, ()
    leads = np.array(request.horizons)
    targets = np.unique(steps[:, None] + leads)
    known, rare = _look(request, fields, targets, tiles)
    at = np.searchsorted(targets, steps[:, None] + leads)
    if request.patch is not None:
        tiles, items, known, rare, notes = _leave_out(request, tiles, items, known, rare, at, len(steps))
        if not len(items):
            raise DataError(
                f"data.patch: no patch of train has {request.min_valid:.0%} of its targets known (data.patch.min_valid)"
            )
    if request.rare is None:
        return tiles, items, tuple(notes)
    place = np.searchsorted(steps, items[:, 0])
    hit = rare[at[place], items[:, 1][:, None]].any(axis=1)
    drawn = np.repeat(np.arange(len(items)), np.where(hit, request.rare.times, 1))
    share = int(hit.sum()) * request.rare.times / len(drawn)
    notes.append(
        f"training windows with {request.rare.variable} above {request.rare.above:g} are drawn {request.rare.times} "
        f"times: {int(hit.sum())} of {len(items)}, which makes {share:.1%} of an epoch"
    )
    return tiles, items[drawn], tuple(notes)


def _leave_out(
    request: DataRequest,
    tiles: tuple[Tile, ...],
    items: Int64[np.ndarray, "I 2"],
    known: Int64[np.ndarray, "n T"],
    rare: Bool[np.ndarray, "n T"],
    at: Int64[np.ndarray, "W H"],
    windows: int,
) -> tuple[tuple[Tile, ...], Int64[np.ndarray, "J 2"], Int64[np.ndarray, "n U"], Bool[np.ndarray, "n U"], list[str]]:
    """Only the tiles where some target is ever known, and of these only the windows with enough of them."""
    notes = []
    ever = np.asarray(known.any(axis=0))
    if not ever.all():
        notes.append(f"{int((~ever).sum())} of {len(tiles)} patches left out of train: no target is ever known there")
    tiles = tuple(tile for tile, kept in zip(tiles, ever, strict=True) if kept)
    known, rare = known[:, ever], rare[:, ever]
    items = items[ever[items[:, 1]]]
    items[:, 1] = np.tile(np.arange(len(tiles)), windows)
    assert request.patch is not None  # for the type checker
    length = request.patch[0]
    found = np.stack([known[window].sum(axis=0) for window in at]).reshape(-1)  # windows and tiles, as `items` are
    enough = found >= max(1.0, request.min_valid * len(request.horizons) * len(request.targets) * length**2)
    if not enough.all():
        least = f"fewer than {request.min_valid:.0%}" if request.min_valid else "none"
        notes.append(
            f"{int((~enough).sum())} of {len(enough)} patches of training windows left out: "
            f"{least} of their targets are known"
        )
    return tiles, items[enough], known, rare, notes


def _look(
    request: DataRequest, fields: FieldStore, steps: Int64[np.ndarray, " n"], tiles: Sequence[Tile]
) -> tuple[Int64[np.ndarray, "n T"], Bool[np.ndarray, "n T"]]:
    """The valid target values of each step in each tile, and whether the rare event is among them."""
    count = len(request.targets)
    known, rare = np.zeros((len(steps), len(tiles)), dtype=np.int64), np.zeros((len(steps), len(tiles)), dtype=bool)
    for block in in_blocks(fields, steps, 4 * count):  # the sums are wider than the fields
        values = fields.read(steps[block], fields.whole, slice(0, count))
        known[block] = _within(np.isfinite(values).sum(axis=1), tiles)
        if request.rare is not None:
            event = values[:, request.targets.index(request.rare.variable)] > request.rare.above
            rare[block] = _within(event.astype(np.int64), tiles) > 0
    return known, rare


def _within(numbers: Int64[np.ndarray, "n Y X"], tiles: Sequence[Tile]) -> Int64[np.ndarray, "n T"]:
    """Sums over tiles by a summed-area table: tiles overlap, and there may be thousands."""
    table = np.zeros((len(numbers), numbers.shape[1] + 1, numbers.shape[2] + 1), dtype=np.int64)
    np.cumsum(numbers, axis=1, out=table[:, 1:, 1:])
    np.cumsum(table[:, 1:, 1:], axis=2, out=table[:, 1:, 1:])
    top, bottom = ([getattr(tile.rows, end) for tile in tiles] for end in ("start", "stop"))
    left, right = ([getattr(tile.columns, end) for tile in tiles] for end in ("start", "stop"))
    found: Int64[np.ndarray, "n T"] = (
        table[:, bottom, right] - table[:, top, right] - table[:, bottom, left] + table[:, top, left]
    )
    return found
