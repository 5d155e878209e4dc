"""The JSON of each command, key by key, as programs rely on it."""

import json
import re
from pathlib import Path

import pytest
from support.command_line import Trained, document, stq

from stq.spec import parse_spec


def test_train_says_where_the_run_is_and_how_it_ended(trained: Trained) -> None:
    assert trained.said["run"] == str(trained.run)
    assert trained.said["status"] == "completed"
    assert (trained.said["epochs"], trained.said["steps"]) == (2, 10)
    assert trained.said["best"]["val_central"] > 0
    assert Path(trained.said["best"]["checkpoint"]).is_file()


def test_a_run_holds_what_was_promised(trained: Trained) -> None:
    of_runs = {name for name in trained.held if not name.startswith("checkpoints/")}
    assert of_runs == {
        "spec.yaml",
        "resolved.yaml",
        "environment.json",
        "statistics.npz",
        "metrics.csv",
        "audit.json",
        "calibration.json",
        "outcome.json",
    }
    best = Path(trained.said["best"]["checkpoint"]).parent.name
    assert {name for name in trained.held if name.startswith("checkpoints/")} == {
        f"checkpoints/{folder}/{name}"
        for folder in ("step-00000005", "step-00000010", best)
        for name in ("state.ckpt", "manifest.json")
    }
    assert (trained.run / "spec.yaml").read_text() == trained.spec.read_text()


def test_check_grads_gives_every_part_of_the_audit(trained: Trained) -> None:
    result = stq("check-grads", trained.spec, "--json")
    audit = document(result)
    assert result.exit_code == 0
    assert (audit["verdict"], audit["engine"], audit["problems"]) == ("pass", "pruned", [])
    assert audit["reference"]["engine"] == "save-restore"
    assert audit["reference"]["max_abs_difference"] == 0.0
    assert set(audit["groups"]) == {"backbone", "central", "quantiles"}
    assert all(size["elements"] > size["parameters"] > 0 for size in audit["groups"].values())
    cells = {(cell["loss"], cell["group"]): cell for cell in audit["matrix"]}
    assert len(cells) == 9
    blocked, absent = cells["pinball", "backbone"], cells["pinball", "central"]
    assert set(blocked) == {"loss", "group", "raw_norm", "applied_norm", "allowed", "verdict"}
    assert blocked["verdict"] == "blocked"
    assert blocked["raw_norm"] > 0 == blocked["applied_norm"] == blocked["allowed"]
    assert (absent["verdict"], absent["raw_norm"], absent["applied_norm"]) == ("none", 0.0, 0.0)
    assert set(audit["modules"][0]) == {"module", "group", "norms", "total"}
    assert set(audit["modules"][0]["norms"]) == {"mse", "laplacian", "pinball"}
    assert any(set(conflict["losses"]) == {"mse", "pinball"} for conflict in audit["conflicts"])
    assert all(-1.001 <= conflict["cosine"] <= 1.001 for conflict in audit["conflicts"])


def test_check_grads_takes_a_run_and_made_up_numbers(trained: Trained) -> None:
    audit = document(stq("check-grads", trained.run, "--synthetic", "--engine", "save-restore", "--json"))
    assert (audit["verdict"], audit["engine"], audit["data"]) == ("pass", "save-restore", "synthetic")
    assert audit["reference"] == {**audit["reference"], "engine": "pruned", "max_abs_difference": 0.0}


SCORE_KEYS = {
    *("variable", "horizon", "units", "n", "rmse", "mae", "bias", "ssim", "rmse_persistence", "rmse_climatology"),
    *("skill_persistence", "skill_climatology", "coverage", "coverage_raw", "width", "width_raw", "interval_score"),
    *("crps", "pinball", "crossing_rate", "intervals", "frames"),
}


def test_eval_scores_every_variable_at_every_horizon(trained: Trained) -> None:
    said = document(stq("eval", trained.run, "--json"))
    assert (said["run"], said["split"], said["calibrated"]) == (str(trained.run), "test", True)
    assert said["samples"] > 0
    assert [(s["variable"], s["horizon"]) for s in said["scores"]] == [("air", 1), ("air", 2), ("sea", 1), ("sea", 2)]
    for score in said["scores"]:
        assert score.keys() >= SCORE_KEYS
        assert score["units"] == "K"
        assert score["skill_persistence"] == pytest.approx(1 - score["rmse"] / score["rmse_persistence"])
        assert set(score["pinball"]) == {"0.05", "0.25", "0.75", "0.95"}
        assert score["crps"] is None
        assert (score["coverage"], score["width"]) == (
            score["intervals"][0]["coverage"],
            score["intervals"][0]["width"],
        )


def test_eval_scores_another_split(trained: Trained) -> None:
    assert document(stq("eval", trained.run, "--split", "val", "--json"))["split"] == "val"


def test_check_tells_what_would_train_and_writes_nothing(trained: Trained) -> None:
    said = document(stq("check", trained.spec, "--json"))
    assert said["verdict"] == "pass"
    assert set(said["windows"]) == {"train", "val", "calibration", "test"}
    assert [row["name"] for row in said["losses"]] == ["mse", "laplacian", "pinball"]
    assert not list(Path.cwd().iterdir())


def test_losses_and_plugins_are_lists_of_cards() -> None:
    cards = {card["name"]: card for card in document(stq("losses", "--json"))["losses"]}
    assert cards.keys() >= {"mse", "ssim", "laplacian", "histogram", "pinball"}
    shown = document(stq("losses", "show", "histogram", "--json"))
    assert shown == cards["histogram"]
    assert shown["options"]["bins"]["default"] == 32
    assert shown["updates"] == ["backbone", "central"]
    builtin = document(stq("plugins", "--json"))["plugins"][0]
    assert builtin == {**builtin, "distribution": "stq", "builtin": True, "cause": ""}


def test_models_are_a_list_of_cards_with_groups_and_options() -> None:
    cards = {card["name"]: card for card in document(stq("models", "--json"))["models"]}
    shown = document(stq("models", "show", "convlstm", "--json"))
    assert shown == cards["convlstm"]
    assert list(shown["groups"]) == ["backbone", "central", "quantiles"]
    assert "convlstm.*" in shown["groups"]["backbone"]
    assert (shown["options"]["hidden"]["default"], shown["distribution"], shown["compiles"]) == ([24], "stq", True)
    text = stq("models", "show", "convlstm").stdout
    spec = "model: {name: convlstm, hidden: [24], kernel: 3, dropout: 0.2, checkpoint_activations: false}"
    assert spec in text
    assert parse_spec(f"data: {{source: a.nc, targets: [a]}}\nlosses: [mse]\n{spec}\n").spec.model.hidden == (24,)
    assert all(word in text for word in ("lower_heads.*", "arXiv:1506.04214", "side of the convolutions"))
    assert re.search(r"^convlstm +backbone, central, quantiles +hidden, kernel", stq("models").stdout, re.MULTILINE)


def test_a_dry_run_takes_one_step_and_writes_nothing(spec: Path) -> None:
    said = document(stq("train", spec, "--dry-run", "--json"))
    assert (said["run"], said["status"], said["steps"]) == (None, "dry run", 1)
    assert not list(Path.cwd().iterdir())


def test_what_a_plugin_prints_stays_out_of_the_document(spec: Path) -> None:
    plugin = Path("talker.py")
    plugin.write_text(TALKER)
    result = stq("check", spec, "--json", "--set", f"plugins=[{plugin.absolute()}]")
    assert document(result)["verdict"] == "pass"
    assert "I am talking" in result.stderr


TALKER = """
from stq import hookimpl

print("I am talking")

@hookimpl
def stq_losses():
    return []
"""


def test_numbers_that_json_can_not_hold_become_null() -> None:
    from stq.report import json_text

    assert json.loads(json_text({"a": float("nan"), "b": [float("inf"), 1.0], "c": Path("x"), 4: ("é",)})) == {
        "a": None,
        "b": [None, 1.0],
        "c": "x",
        "4": ["é"],
    }
