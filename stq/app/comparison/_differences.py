"""From the figures of all runs to paired differences: by variable and horizon, over all of them, and over origins."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from stq.app.comparison._figures import FIGURES, SPEED, Figure, Place, speeds
from stq.app.comparison._paired import paired
from stq.app.comparison._result import Difference, Key, Measured, both

Pairs = Mapping[int, tuple[float, float, float]]
"""By seed: the first arm's, the other's, and the difference."""


def differences_of(
    measured: Mapping[Key, Measured], arms: Sequence[str], origins: Sequence[str | None]
) -> tuple[Difference, ...]:
    """Every arm against the first. The unit of sampling is the seed: over several origins each seed gives its mean."""
    spans: list[tuple[str | None, Sequence[str | None]]] = [(None, origins)]
    if len(origins) > 1:
        spans += [(origin, [origin]) for origin in origins]
    rows: list[Difference] = []
    for arm in arms[1:]:
        for label, span in spans:
            seeds = both(measured, span, (arms[0], arm))
            if seeds:
                rows += _of_figures(measured, (arms[0], arm), span, seeds, label)
                rows += _of_speeds(measured, (arms[0], arm), span, seeds, label)
    return tuple(rows)


def _of_figures(
    measured: Mapping[Key, Measured],
    arms: tuple[str, str],
    span: Sequence[str | None],
    seeds: Sequence[int],
    label: str | None,
) -> Iterator[Difference]:
    runs = [measured[origin, arm, seed] for origin in span for arm in arms for seed in seeds]
    for figure in FIGURES:
        if not all(figure.name in run.figures for run in runs):
            continue
        firsts = [measured[origin, arms[0], seed].figures[figure.name] for origin in span for seed in seeds]
        everywhere = [p for p in runs[0].figures[figure.name] if all(p in run.figures[figure.name] for run in runs)]
        places = [place for place in everywhere if all(figure.comparable(first[place]) for first in firsts)]
        table = {place: _pairs(measured, arms, span, seeds, figure, place) for place in places}
        if not table:
            continue
        comparable = figure.kind == "points" or len({variable for variable, _ in places}) == 1
        overall = {seed: _mean([pairs[seed] for pairs in table.values()]) for seed in seeds}
        rows: list[tuple[Place | None, Pairs]] = [(None, overall), *table.items()]
        for place, pairs in rows:
            shown = place is not None or comparable
            yield _row(arms[1], figure.name, figure.title, figure.unit, label, place, pairs, shown=shown)


def _pairs(
    measured: Mapping[Key, Measured],
    arms: tuple[str, str],
    span: Sequence[str | None],
    seeds: Sequence[int],
    figure: Figure,
    place: Place,
) -> Pairs:
    found = {}
    for seed in seeds:
        values = [[measured[origin, arm, seed].figures[figure.name][place] for arm in arms] for origin in span]
        found[seed] = _mean([(first, other, figure.difference(first, other)) for first, other in values])
    return found


def _of_speeds(
    measured: Mapping[Key, Measured],
    arms: tuple[str, str],
    span: Sequence[str | None],
    seeds: Sequence[int],
    label: str | None,
) -> Iterator[Difference]:
    table: dict[str, dict[int, tuple[float, float, float]]] = {name: {} for name in SPEED}
    for seed in seeds:
        both_arms = [
            speeds(measured[origin, arms[0], seed].curve, measured[origin, arms[1], seed].curve) for origin in span
        ]
        for name, pairs in table.items():
            if all(name in found for found in both_arms):
                epochs = [found[name] for found in both_arms]
                pairs[seed] = _mean([(float(first), float(other), float(other - first)) for first, other in epochs])
    for name, pairs in table.items():
        if pairs:
            yield _row(arms[1], name, SPEED[name], "epochs", label, None, pairs, shown=True)


def _row(
    arm: str, name: str, title: str, unit: str, origin: str | None, place: Place | None, pairs: Pairs, *, shown: bool
) -> Difference:
    differences = tuple(difference for _, _, difference in pairs.values())
    found = paired(differences)
    return Difference(
        arm=arm,
        figure=name,
        title=title,
        unit=unit,
        origin=origin,
        variable=None if place is None else place[0],
        horizon=None if place is None else place[1],
        first=fmean(first for first, _, _ in pairs.values()) if shown else None,
        other=fmean(other for _, other, _ in pairs.values()) if shown else None,
        seeds=tuple(pairs),
        differences=differences,
        mean=found.mean,
        low=found.low,
        high=found.high,
        p=found.p,
        verdict=found.verdict,
    )


def _mean(triples: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    first, other, difference = (fmean(column) for column in zip(*triples, strict=True))
    return first, other, difference
