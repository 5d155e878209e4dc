"""What is pooled, what is apart, and what a correction is multiplied by; shards, order, groups and their fallback."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from stq.calibration import ConformalCalibration, ConformityScores, Corrections, Form, calibration_notes
from stq.calibration._notes import frames_notes
from stq.errors import CheckFailed, DataError, UsageError

LEVELS = (0.1, 0.5, 0.9)
NAMES = ["ozone", "temperature"]


def fields(seed: int, *, samples: int = 12, size: int = 6, levels: int = 3) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Quantiles of varying width, the truth, where it is valid, and a group for each target; two horizons, variables.

    The second variable is a thousand times the first.
    """
    generator = torch.Generator().manual_seed(seed)
    scale = torch.tensor([1.0, 1000.0]).view(1, 1, 2, 1, 1)
    truth = scale * torch.randn(samples, 2, 2, size, size, generator=generator)
    width = 0.2 + torch.rand(samples, 2, 1, 2, size, size, generator=generator)
    ordered = torch.linspace(-1, 1, levels).view(-1, 1, 1, 1) if levels > 1 else torch.ones(1, 1, 1, 1)
    valid = torch.rand(truth.shape, generator=generator) < 0.9
    group = torch.randint(-1, 2, (samples, 2, size, size), generator=generator)
    return scale.unsqueeze(2) * width * ordered, truth, valid, group


def scores_of(
    data: tuple[Tensor, Tensor, Tensor, Tensor],
    *,
    parts: tuple[slice, ...] = (slice(None),),
    grouped: bool = False,
    form: Form = "additive",
    by: tuple[str, ...] = ("horizon", "variable"),
    levels: tuple[float, ...] = LEVELS,
    groups: tuple[str, ...] = ("north", "south"),
) -> ConformityScores:
    quantiles, truth, valid, group = data
    scores = ConformityScores(
        NAMES, [1, 3], levels, by=by, scores=form, scales=[1.0, 1000.0], floors=[0.3, 300.0], groups=groups * grouped
    )
    time = torch.arange(len(truth))
    for part in parts:
        scores.update(
            quantiles=quantiles[part],
            truth=truth[part],
            valid=valid[part],
            time=time[part],
            central=torch.zeros_like(truth[part]),
            group=group[part] if grouped else None,
        )
    return scores


def rank(scores: np.ndarray, coverage: float) -> float:
    """The ⌈(n + 1) coverage⌉-th smallest."""
    return float(np.sort(scores.ravel())[math.ceil(round((scores.size + 1) * coverage, 9)) - 1])


def conformity(data: tuple[Tensor, Tensor, Tensor, Tensor], h: int, c: int, *, relative: bool = False) -> np.ndarray:
    quantiles, truth, valid, _ = data
    low, up, y = (
        x[valid[:, h, c]].double().numpy() for x in (quantiles[:, h, 0, c], quantiles[:, h, 2, c], truth[:, h, c])
    )
    width = np.maximum(up - low, (0.3, 300.0)[c]) if relative else 1.0
    return np.asarray(np.maximum(low - y, y - up) / width)


def test_multiplicative_corrections_are_quantiles_of_scores_in_widths() -> None:
    data = fields(0)
    calibration = scores_of(data, form="multiplicative").fit()
    for h in range(2):
        for c in range(2):
            expected = rank(conformity(data, h, c, relative=True), 0.8)
            np.testing.assert_allclose(calibration.outward[h][0][c], expected, rtol=1e-5)
    moved = calibration.apply(data[1], data[0], LEVELS)
    width = (data[0][:, :, 2] - data[0][:, :, 0]).clamp(min=torch.tensor([0.3, 300.0]).view(2, 1, 1))
    by = torch.tensor(calibration.outward)[:, 2].view(1, 2, 2, 1, 1)
    torch.testing.assert_close(moved[:, :, 2], (data[0][:, :, 2] + by * width).clamp(min=0.0))


def test_a_one_sided_multiplicative_band_is_as_wide_as_it_is_far_from_the_centre() -> None:
    quantiles, truth, valid, group = fields(1, levels=1)
    data = (quantiles, truth, valid, group)
    calibration = scores_of(data, form="multiplicative", levels=(0.9,)).fit()
    y, up = truth[:, 0, 1][valid[:, 0, 1]].numpy(), quantiles[:, 0, 0, 1][valid[:, 0, 1]].numpy()
    np.testing.assert_allclose(calibration.outward[0][0][1], rank((y - up) / np.maximum(up, 300.0), 0.9), rtol=1e-5)
    above = calibration.apply(torch.zeros_like(truth), quantiles, (0.9,))[:, :, 0]
    assert ((truth <= above)[valid].float().mean() - 0.9).abs() < 0.02


@pytest.mark.parametrize("form", ["additive", "multiplicative"])
def test_pooled_horizons_share_one_correction_and_pooled_variables_one_in_normalised_units(form: Form) -> None:
    data = fields(2)
    relative = form == "multiplicative"
    for by in (("variable",), ("horizon",), ()):
        calibration = scores_of(data, form=form, by=by).fit()
        for h in range(2):
            for c in range(2):
                hs = (h,) if "horizon" in by else (0, 1)
                cs = (c,) if "variable" in by else (0, 1)
                unit = (1.0, 1000.0) if not relative and "variable" not in by else (1.0, 1.0)
                pooled = [conformity(data, i, j, relative=relative) / unit[j] for i in hs for j in cs]
                expected = rank(np.concatenate(pooled), 0.8) * unit[c]
                np.testing.assert_allclose(calibration.outward[h][0][c], expected, rtol=1e-5)
                assert calibration.cells[h][c] == sum(map(np.size, pooled))
                assert calibration.frames[h][c] == (12 if "horizon" in by else 14)  # times 1 to 12, and 3 to 14


def test_groups_have_the_corrections_of_their_own_targets_and_no_group_those_of_all() -> None:
    data = fields(3)
    quantiles, truth, valid, group = data
    calibration = scores_of(data, grouped=True).fit()
    whole = scores_of(data).fit()
    assert calibration.outward == whole.outward
    for g in range(2):
        alone = scores_of((quantiles, truth, valid & (group == g).unsqueeze(2), group)).fit()
        part = calibration.grouped[g]
        assert (part.outward, part.cells, part.frames) == (alone.outward, alone.cells, alone.frames)
        moved = calibration.apply(truth, quantiles, LEVELS, group=torch.full_like(group, g))
        assert torch.equal(moved, alone.apply(truth, quantiles, LEVELS))
    moved = calibration.apply(truth, quantiles, LEVELS, group=group)
    for g in (-1, 0, 1):
        of_one = calibration.apply(truth, quantiles, LEVELS, group=torch.full_like(group, g))
        where = (group == g)[:, :, None, None].expand_as(moved)
        assert torch.equal(moved[where], of_one[where])
    with pytest.raises(CheckFailed, match="where each target belongs"):
        calibration.apply(truth, quantiles, LEVELS)


def test_a_group_without_a_frame_has_the_correction_of_all_and_a_note() -> None:
    calibration = scores_of(fields(4), grouped=True, groups=("north", "south", "nowhere")).fit()
    assert calibration.grouped[2].outward == calibration.outward
    assert calibration.grouped[2].frames == ((0, 0), (0, 0))
    notes = " ".join(calibration_notes(calibration))
    assert "no calibration frame, at one horizon or more, of nowhere: the correction of all groups" in notes


@pytest.mark.parametrize("form", ["additive", "multiplicative"])
def test_shards_merged_and_batches_in_any_order_give_the_same_calibration(form: Form) -> None:
    data = fields(5)
    whole = scores_of(data, form=form, grouped=True).fit()
    for parts in ((slice(6, None), slice(0, 6)), (slice(0, 12, 2), slice(1, 12, 2))):
        assert scores_of(data, form=form, grouped=True, parts=parts).fit() == whole
        one, other = (scores_of(data, form=form, grouped=True, parts=(part,)) for part in parts)
        one.merge(other)
        assert one.fit() == whole


def test_a_wider_claim_never_moves_a_band_less() -> None:
    quantiles, truth, valid, group = fields(6)
    same = quantiles[:, :, [0, 0, 0, 2, 2, 2]]  # three bands of the same edges
    levels = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
    for form in ("additive", "multiplicative"):
        outward = torch.tensor(scores_of((same, truth, valid, group), form=form, levels=levels).fit().outward)
        assert (outward[:, 0] >= outward[:, 1]).all()
        assert (outward[:, 1] >= outward[:, 2]).all()


def test_terms_that_lack_what_they_need_are_refused() -> None:
    with pytest.raises(UsageError, match="normalised units"):
        ConformityScores(NAMES, [1], LEVELS, by=["horizon"])
    with pytest.raises(UsageError, match="floors"):
        ConformityScores(NAMES, [1], LEVELS, scores="multiplicative")
    with pytest.raises(UsageError, match="floors"):
        ConformityScores(NAMES, [1], LEVELS, scores="multiplicative", floors=[1.0, 0.0])
    ConformityScores(["ozone"], [1], LEVELS, by=["horizon"])  # nothing is pooled


def test_the_centre_of_a_one_sided_band_is_the_median_where_that_is_a_level() -> None:
    quantiles, truth, valid, _ = fields(8, levels=2)
    found = []
    for central in (quantiles[:, :, 0], truth, None):
        scores = ConformityScores(NAMES, [1, 3], (0.5, 0.9), scores="multiplicative", floors=[0.3, 300.0])
        scores.update(quantiles=quantiles, truth=truth, valid=valid, time=torch.arange(12), central=central)
        found.append(scores.fit())
    assert found[0] == found[1] == found[2]


def test_a_calibration_without_groups_asks_nobody_where_a_target_belongs() -> None:
    data = fields(9)
    calibration = scores_of(data).fit()
    told = calibration.apply(data[1], data[0], LEVELS, group=data[3])
    assert torch.equal(told, calibration.apply(data[1], data[0], LEVELS))


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (("horizon", "variable"), "of ozone at horizon 1$"),
        (("horizon",), "of any variable at horizon 1$"),
        (("variable",), "of ozone at any horizon$"),
        ((), "of any variable at any horizon$"),
    ],
)
def test_nothing_to_calibrate_on_is_refused_by_the_name_of_what_has_nothing(by: tuple[str, ...], words: str) -> None:
    quantiles, truth, valid, group = fields(0)
    with pytest.raises(DataError, match=words):
        scores_of((quantiles, truth, torch.zeros_like(valid), group), by=by).fit()


def test_many_groups_share_the_memory_of_all_and_have_the_corrections_of_few() -> None:
    data = fields(7)
    few = scores_of(data, grouped=True).fit()
    many = scores_of(data, grouped=True, groups=("north", "south", *map(str, range(60)))).fit()
    assert many.grouped[:2] == few.grouped
    assert {part.outward for part in many.grouped[2:]} == {many.outward}


def with_frames(frames: int, levels: tuple[float, ...]) -> ConformalCalibration:
    outward = ((0.0,),) * len(levels)
    return ConformalCalibration(("ozone",), ("DU",), (1,), levels, (outward,), ((9,),), ((frames,),))


def test_a_level_that_asks_for_more_frames_than_there_are_is_named_with_the_number() -> None:
    (note,) = calibration_notes(with_frames(7, (0.025, 0.975)))
    assert note == (
        "7 frames to calibrate on: the 95 % band asks for 19, its levels 0.025 and 0.975 for 39; with fewer, chance "
        "decides how much is covered"
    )
    assert calibration_notes(with_frames(38, (0.025, 0.975)))
    assert not calibration_notes(with_frames(39, (0.025, 0.975)))
    assert "a coverage of 90 % asks for 9" in calibration_notes(with_frames(1, (0.1,)))[0]
    assert not calibration_notes(with_frames(0, (0.5,)))


def test_a_group_with_few_frames_of_its_own_is_named_where_all_together_have_enough() -> None:
    whole = with_frames(39, (0.025, 0.975))
    part = [Corrections(whole.outward, ((9,),), ((frames,),)) for frames in (38, 1, 39, 0)]
    grouped = replace(whole, groups=("north", "east", "south", "west"), grouped=tuple(part))
    missing, few = calibration_notes(grouped)
    assert missing.startswith("no calibration frame, at one horizon or more, of west: ")
    assert few.startswith("few frames to calibrate on in north (38), east (1): the 95 % band asks for 19, ")
    (note,) = calibration_notes(replace(grouped, frames=((38,),), grouped=tuple(part[:3]), groups=grouped.groups[:3]))
    assert note.startswith("38 frames to calibrate on: ")  # and then all groups have few
    assert calibration_notes(with_frames(1, (0.1,)))[0].startswith("1 frame to calibrate on: ")


def test_the_terms_in_words_say_what_is_pooled_and_what_the_corrections_were_fitted_on() -> None:
    calibration = with_frames(39, (0.025, 0.975))
    assert calibration.terms == "by horizon, variable, additive, on calibration"
    pooled = replace(calibration, by=(), scores="multiplicative", fitted_on="validation")
    assert pooled.terms == "everything pooled, multiplicative, on validation"


def test_the_outermost_level_decides_how_many_frames_are_asked_for():
    (note,) = frames_notes((0.05, 0.25, 0.5, 0.75, 0.95), 18)
    assert note.startswith("18 frames to calibrate on: the 90 % band asks for 9, its levels 0.05 and 0.95 for 19")
    assert frames_notes((0.05, 0.25, 0.5, 0.75, 0.95), 19) == ()
    assert frames_notes((0.5,), 0) == ()
