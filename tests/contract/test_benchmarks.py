"""The benchmarks run, on networks too small to measure anything, and write what the README shows."""

import contextlib
import json
import runpy
import warnings
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
TINY = ["--spec", str(BENCH.parents[1] / "examples" / "nasa.yaml"), "--set", "model.hidden=[4]"]


def test_the_routing_benchmark_writes_its_table_and_its_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    runpy.run_path(str(BENCH / "routing_engines.py"))["main"](["--quick", "--out", str(tmp_path)])
    document = json.loads((tmp_path / "routing.json").read_text())
    found = {(row["table"], row["method"]) for row in document["rows"]}
    tables = {table for table, _ in found}
    assert len(tables) == 4
    for method in ("joint", "pruned", "save-restore", "torchjd"):
        assert {(table, method) for table in tables} <= found
    assert sum(method == "detach" for _, method in found) == 3  # one table has no detach that a person would write
    assert all(row["peak_mib"] > 0 and row["backward_ms"] < row["step_ms"] for row in document["rows"])
    assert (tmp_path / "bench-routing.png").stat().st_size > 10_000


def test_the_benchmark_of_the_convlstm_writes_its_tables_and_its_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    runpy.run_path(str(BENCH / "convlstm.py"))["main"](["--quick", "--out", str(tmp_path)])
    document = json.loads((tmp_path / "convlstm.json").read_text())
    forms = {row["form"] for row in document["rows"]}
    missing = {line.split()[0] for line in document["conditions"]["missing"]}
    assert {"stq", "hoisted", "stq, bf16", "stq, channels-last"} <= forms
    assert ({"conv-lstm", "torchgeo"} & forms) | missing == {"conv-lstm", "torchgeo"}
    assert all(row["ms"] > 0 and row["peak_mib"] > 0 and row["share_of_peak"] > 0 for row in document["rows"])
    assert all(row["again_mib"] < row["kept_mib"] for row in document["checkpointing"])
    assert "| layout and precision |" in (tmp_path / "convlstm.md").read_text()
    assert (tmp_path / "bench-convlstm.png").stat().st_size > 10_000


def test_the_benchmark_of_the_whole_step_pairs_both_loops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*")  # Lightning #21326
        runpy.run_path(str(BENCH / "lightning_step.py"))["main"](["--quick", "--out", str(tmp_path)])
    (row,) = json.loads((tmp_path / "step.json").read_text())["rows"]
    assert row["bare_ms"] > 0
    assert row["stq_ms"] > 0


def test_the_benchmark_of_scoring_counts_pixels_and_memory(tmp_path: Path) -> None:
    out = tmp_path / "eval.json"
    runpy.run_path(str(BENCH / "eval_memory.py"))["main"](["--side", "16", "--pixels", "2e4", "--out", str(out)])
    found = json.loads(out.read_text())
    assert found["pixels"] >= 2e4
    assert 0 < found["peak_gb"] < 1.5


def test_the_benchmark_of_a_large_forecast_tells_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    main = runpy.run_path(str(BENCH / "predict_memory.py"))["main"]
    main(["--side", "40", "--patch", "16", "--folder", str(tmp_path)])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["side"], found["format"]) == (40, ".nc")
    assert 0.1 < found["peak_gib"] < 3
    assert not list(tmp_path.iterdir())


def test_the_benchmark_of_loading_judges_the_data_of_a_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    out = tmp_path / "loading.json"
    main = runpy.run_path(str(BENCH / "loading.py"))["main"]
    forms = ["NetCDF, in memory", "packed, lazy"]
    arguments = ["--forms", *forms, "--workers", "0", "1", "--rounds", "1", "--seconds", "0", "--out", str(out)]
    with contextlib.suppress(SystemExit):  # so small a network is faster than any data
        main([*TINY, "--large", "0", *arguments])
    found = json.loads(out.read_text())["specs"]["nasa"]
    assert {(row["form"], row["workers"]) for row in found["rows"]} >= {(form, n) for form in forms for n in (0, 1)}
    assert all(row["per_second"] > 0 and row["cpu_ms"] > 0 and 0 < row["share_of_step"] < 1 for row in found["rows"])
    (cold,) = found["cold"].values()
    assert cold.get("skipped") or cold["cold_to_warm"] > 0


def test_the_benchmark_of_growth_fits_exponents_and_draws_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    arguments = ["--quick", "--axes", "pixels", "layers", "--steps", "0", "--out", str(tmp_path)]
    runpy.run_path(str(BENCH / "growth.py"))["main"](arguments)
    found = json.loads((tmp_path / "growth.json").read_text())["axes"]
    slope, error = found["pixels"]["exponents"]["gflop"]
    assert (slope, error) == pytest.approx((1, 0), abs=0.01)
    assert all(row["ms"] > 0 and row["peak_mib"] > 0 for axis in found.values() for row in axis["rows"])
    assert (tmp_path / "bench-growth.png").stat().st_size > 10_000


def test_the_model_of_a_step_counts_what_torch_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    runpy.run_path(str(BENCH / "roofline.py"))["main"](["--quick", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "roofline.json").read_text())
    assert all(row["formula"] == pytest.approx(row["counted"], rel=0.03) for row in found["checked"])
    (grid,) = found["grid"].values()
    minutes = {(row["machine"], row["gpus"]): row["minutes_per_epoch"] for row in grid["rows"]}
    assert minutes["H100 SXM, TF32", 64] < minutes["H100 SXM, TF32", 8] < minutes["H100 SXM, TF32", 1]
    assert grid["memory"]["checkpointed"] < grid["memory"]["kept"]


@pytest.mark.slow
def test_the_benchmark_of_reading_trains_from_zarr_and_compares_with_netcdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    script = runpy.run_path(str(BENCH / "data_reading.py"))
    script["main"](["--read", "1", "--train", "0.005", "--side", "160", "--steps", "1", "--folder", str(tmp_path)])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["training"]["gigabytes"] > 0.005
    assert 0.1 < found["training"]["peak_gib"] < 2.5
    assert found["reading"]["times_faster"][script["ARCHIVE"]] > found["reading"]["times_faster"][script["PACKED"]]


@pytest.mark.slow
def test_the_benchmark_of_epochs_pairs_three_arms_that_find_the_same_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    out = tmp_path / "epochs.json"
    main = runpy.run_path(str(BENCH / "epochs.py"))["main"]
    main([*TINY, "--epochs", "2", "--most", "50", "--out", str(out)])
    arms = json.loads(out.read_text())["arms"]
    assert set(arms) == {"bare", "lightning", "stq"}
    assert arms["bare"]["ratio"] == 1
    assert all(arm["to_score"] > 0 for arm in arms.values())


@pytest.mark.slow
def test_the_shares_of_a_run_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    out = tmp_path / "profile.json"
    with contextlib.suppress(SystemExit):  # so small a network leaves other parts more than their share
        runpy.run_path(str(BENCH / "step_profile.py"))["main"]([*TINY, "--epochs", "2", "--out", str(out)])
    (found,) = json.loads(out.read_text()).values()
    assert sum(found["run"].values()) == pytest.approx(1)
    assert min(found["run"].values()) > -0.02
    assert {"data", "forward", "losses, forward", "backward", "checkpoints", "logging and progress"} <= set(
        found["run"]
    )
    assert {"mse", "ssim", "pinball", "shared"} <= set(found["losses_of_step"])


@pytest.mark.slow
def test_the_benchmark_of_small_commands_compares_them_with_the_bare_import(tmp_path: Path) -> None:
    out = tmp_path / "start.json"
    main = runpy.run_path(str(BENCH / "start_up.py"))["main"]
    main(["--rounds", "1", "--only", "losses", "--out", str(out)])
    assert json.loads(out.read_text())["ratios"].keys() == {"bare", "losses"}
