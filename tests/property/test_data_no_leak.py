"""No number and no date outside the training part reaches a training window, whatever is asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.grids import request_for, seasonal, write_grid

from stq.data import ForecastData, Rare, StaticMap, build_data

STEPS, TRAIN = 64, 32
SPLIT = {"train": 0.5, "val": 0.15, "calibration": 0.15, "test": 0.2}
NAMES = ("air", "sea", "tide", "soil")


def data_of(path: Path, wishes: dict[str, object], *, changed: bool, irregular: bool) -> ForecastData:
    """The same training part; everything after it is another world, with holes, if `changed`."""
    random = np.random.default_rng(1)
    fields = {name: seasonal(STEPS, 6, 7, seed=number) for number, name in enumerate(NAMES)}
    fields["air"][random.random(fields["air"].shape) < 0.1] = np.nan
    days = np.cumsum(random.integers(1, 4, STEPS)) if irregular else np.arange(STEPS)
    if changed:
        for field in fields.values():
            field[TRAIN:] = 3 * field[TRAIN:] + 500
        fields["sea"][TRAIN + 1 :, 2:] = np.nan
        if irregular:
            days[TRAIN:] += 50 * np.arange(STEPS - TRAIN)
    dates = np.datetime64("1999-01-01", "us") + days * np.timedelta64(1, "D")
    source = write_grid(path, fields, times=dates)
    split = {"static": (StaticMap("soil"),), "inputs": ("sea",), "future": ("tide", "month"), "split": SPLIT}
    return build_data(request_for(source, **split, **wishes, irregular="index" if irregular else "refuse"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wishes=st.fixed_dictionaries(
        {
            "history": st.integers(1, 4),
            "horizons": st.sampled_from([(1,), (1, 2), (2, 4), (3,)]),
            "normalise": st.sampled_from(["anomaly", "standard", "none"]),
            "relative_to": st.sampled_from(["none", "last"]),
            "missing": st.sampled_from(["climatology", "forward"]),
            "strict": st.booleans(),
            "gap": st.integers(0, 3),
            "transform": st.sampled_from([{}, {"air": "log1p"}]),
            "patch": st.sampled_from([None, (4, 1)]),
            "rare": st.sampled_from([None, Rare("air", 285.0, 3)]),
        }
    ),
    irregular=st.booleans(),
)
def test_what_training_sees_hangs_on_the_training_part_alone(
    tmp_path_factory: pytest.TempPathFactory, wishes: dict[str, object], irregular: bool
) -> None:
    folder = tmp_path_factory.mktemp("leak")
    one, two = (
        data_of(folder / f"{changed}.nc", wishes, changed=changed, irregular=irregular) for changed in (False, True)
    )
    here, there = one.splits["train"], two.splits["train"]
    assert here.issue_times == there.issue_times
    for index in range(0, len(here), 5):
        for name, mine, theirs in zip(here[index]._fields, here[index], there[index], strict=True):
            assert torch.equal(mine, theirs), name
    for mine, theirs in zip(one.target_range(), two.target_range(), strict=True):
        assert torch.equal(mine, theirs)
    assert torch.equal(one.persisting_share(), two.persisting_share())
