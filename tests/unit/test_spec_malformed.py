"""One table of wrong specs: where each error points, what it says, what it suggests.

The mark « stands before the word that the caret must point to; it is taken out before the text is read.
"""

import pytest

from stq.errors import SpecError
from stq.spec import parse_spec

DATA = "data: {source: a.nc, targets: [ozone]}\n"
REST = DATA + "losses: [mse]\n"
BOTH = "losses: [mse]\ndata:\n  source: a.nc\n  targets: [ozone]\n"

CASES = [
    # keys
    (REST + "«sead: 3", 'unknown key "sead"', '"seed"'),
    (REST + "«lr: 3", 'unknown key "lr"', "under optim"),
    (REST + "«zzz: 3", 'unknown key "zzz"', "the keys here are"),
    (REST + "optim: {«learning_rat: 3}", "under optim", "the keys here are name, lr"),
    (REST + "optim: {groups: {quantiles: {«lrr: 3}}}", "under optim.groups.quantiles", '"lr"'),
    (REST + "model:\n  heads:\n    «hiden: 3", "under model.heads", '"hidden"'),
    (REST + "trainer: {«gradient_clip_val: 3}", "unknown key", "optim.clip"),
    (REST + "trainer: {«Max_Epochs: 3}", "unknown key", '"max_epochs"'),
    ("«losses: [mse]", 'lacks the required key "data"', "targets"),
    ("«data: {source: a.nc, targets: [a]}", 'lacks the required key "losses"', "[mse]"),
    ("losses: [mse]\n«data: {source: a.nc}", 'data lacks the required key "targets"', "[ozone]"),
    ("losses: [mse]\n«data:\n  targets: [a]\n", 'data lacks the required key "source"', "source: data/*.nc"),
    ("losses: [mse]\ndata: {source: a.nc, «target: [a]}", 'unknown key "target"', '"targets"'),
    (DATA + "losses: [«{weight: 3}]", 'losses.0 lacks the required key "loss"', "loss: mse"),
    (REST + "seed: 1\n«seed: 2", 'the key "seed" stands here and at spec:3:1', "keep one"),
    (REST + "optim: {lr: 1, «lr: 2}", 'the key "lr" stands here and at spec:3:9', "keep one"),
    # values
    (REST + "stq: «2", "expected 1, the version", ""),
    (REST + "seed: «true", "expected a whole number from 0 to 4294967295, found true", ""),
    (REST + "seed: «1.5", "found 1.5", ""),
    (REST + "seed: «'1'", 'found "1"', ""),
    (REST + "name: «a/b", "folder", ""),
    (REST + "name: «..", "folder", ""),
    (REST + "name: «${env:WHO}", "folder", "environment: true"),
    (REST + "name: «''", "folder", ""),
    (REST + "optim: {lr: «fast}", 'expected a number above 0, found "fast"', ""),
    (REST + "optim: {lr: «0}", "expected a number above 0, found 0", ""),
    (REST + "optim: {lr: «on}", 'found "on"', ""),
    (REST + "optim: {lr: «1_000}", 'found "1_000"', ""),
    (REST + "optim: {lr: «1e400}", "expected a finite number", ""),
    (REST + "optim: {lr: «.nan}", "expected a finite number, found .nan", ""),
    (REST + "optim: {lr: «-.inf}", "expected a finite number, found -.inf", ""),
    (REST + "seed: «" + "9" * 5000, "at most 64 bits", ""),
    (REST + "optim: «3", "expected a mapping, found 3", "its keys are name, lr"),
    (REST + "optim: {«momentum: 0.9}", "momentum is a setting of sgd and rmsprop", "name: sgd"),
    (REST + "optim: {name: sgd, «betas: [0.9, 0.99]}", "betas is a setting of adamw", "name: adamw"),
    (REST + "optim: {betas: «[0.9, 1]}", "expected two numbers of at least 0 and below 1, or null, found a list", ""),
    (REST + "optim: {groups: {a: {«momentum: 0.5}}}", "and the optimiser is adamw", "name: sgd"),
    (REST + "optim: {groups: {a: {name: sgd, «betas: [0, 0]}}}", "and the optimiser is sgd", "name: adamw"),
    (REST + "optim: {groups: {a: {name: «sdg}}}", 'nadam, radam or null, found "sdg"', '"sgd"'),
    (REST + "optim: {name: «adamm}", 'nadam or radam, found "adamm"', '"adam"'),
    (REST + "optim: {schedule: {name: «stepp}}", 'plateau or one-cycle, found "stepp"', '"step"'),
    (REST + "optim: {schedule: {name: plateau, interval: «step}}", "plateau changes by epoch, found step", "leave"),
    (REST + "optim: {schedule: {«step: {every: 3}}}", "a setting of the schedule step, and the", "name: step"),
    (REST + "optim: {schedule: {name: step, step: {every: «0}}}", "expected a whole number of at least 1", ""),
    (REST + "optim: {schedule: {name: plateau, plateau: {monitor: «mes}}}", 'called "mes"', "'mse'"),
    (REST + "trainer: {ema: «1}", "expected a number between 0 and 1, both excluded, or null, found 1", ""),
    (REST + "optim: {groups: {quantiles: {lr: «-1}}}", "expected a number above 0, or null, found -1", ""),
    (REST + "optim: {clip: {norm: 1, per: «groups}}", "expected group or global", '"group"'),
    (REST + "optim: {schedule: {warmup: «1}}", "expected a number of at least 0 and below 1, found 1", ""),
    (REST + "trainer: {precision: «32}", "expected 32-true", '"32-true"'),
    (REST + "trainer: {devices: «0}", "expected a whole number of at least 1, or auto, found 0", ""),
    (REST + "trainer: {patience: «0}", "expected a whole number of at least 1, or null, found 0", ""),
    (REST + "routing: {engine: «prune}", "expected pruned, save-restore or joint", '"pruned"'),
    (REST + "model: {kernel: «4}", "expected an odd number, found 4", "3 or 5"),
    (REST + "model: {hidden: «[]}", "expected at least one entry, found an empty list", ""),
    (REST + "model: {hidden: «24}", "expected a list, found 24", "write [24]"),
    (REST + "model: {residual: «yes}", 'expected true or false, found "yes"', ""),
    (REST + "quantiles: {levels: [«0, 0.5]}", "expected a number between 0 and 1", ""),
    (REST + "quantiles: {levels: [0.9, «0.1]}", "ascending order, each once, found 0.1 after 0.9", ""),
    (REST + "quantiles: {levels: [0.5, «0.5]}", "found 0.5 after 0.5", ""),
    (REST + "calibration: {by: [horizon, «horizons]}", "expected horizon, variable, month, season or", '"horizon"'),
    (REST + "calibration: {by: [month, «season]}", "months are parts of seasons", ""),
    (REST + "calibration: {by: [«stratum]}", "no strata to calibrate by", "strata: NAME"),
    (REST + "calibration: {scores: «additiv}", "expected additive or multiplicative", '"additive"'),
    (REST + "freeze: [backbone, «backbone]", '"backbone" stands in the list twice', ""),
    (REST + "groups: {backbone: «convlstm}", 'expected a list, found "convlstm"', "write [convlstm]"),
    (REST + "plugins: [«3]", "expected a path, found 3", ""),
    (REST + "groups: {«a.b: [c]}", 'expected a name of letters, digits, _ and -, found "a.b"', ""),
    (REST + "optim: {groups: {«'<<': {lr: 1}}}", 'found "<<"', ""),
    (DATA + "losses: [{loss: mse, «a b: 1}]", 'found "a b"', ""),
    # losses
    (DATA + "losses: «[]", "expected at least one entry", ""),
    (DATA + "losses: «mse", 'expected a list, found "mse"', "write [mse]"),
    (DATA + "losses: «{mse: 1}", "expected a list, found a mapping", "begin each entry with -"),
    (DATA + "losses:\n- mse\n- «3", "expected a mapping, found 3", "its keys are loss, name, weight, updates"),
    (DATA + "losses: [{loss: mse, weight: «-1}]", "expected a number of at least 0, found -1", ""),
    (DATA + "losses: [mse, «mse]", 'a loss named "mse" stands above already', "`name`"),
    (DATA + "losses: [mse, {loss: ssim, name: «mse}]", 'a loss named "mse" stands above already', "`name`"),
    (DATA + "losses: [{loss: mse, updates: «backbone}]", 'expected a list, found "backbone"', "write [backbone]"),
    (DATA + "losses: [{loss: mse, updates: {a: «-1}}]", "expected a number of at least 0, found -1", ""),
    (DATA + "losses: [{loss: mse, updates: [«3]}]", "expected a name of letters", ""),
    (DATA + "losses: [{loss: mse, levels: «{a: 1}}]", "expected a value or a list, found a mapping", ""),
    (DATA + "losses: [{loss: «null}]", "expected a name of letters, digits, _ and -, found null", ""),
    # data
    ("losses: [mse]\ndata: {source: «3, targets: [a]}", "expected a path, a pattern", ""),
    ("losses: [mse]\ndata: {source: [a.nc, «3], targets: [a]}", "expected a path or a pattern", ""),
    ("losses: [mse]\ndata: {source: a.nc, targets: [a, «a]}", '"a" stands in the list twice', ""),
    (BOTH + "  inputs: [b, «ozone]", '"ozone" stands under targets already', "targets are inputs"),
    (BOTH + "  inputs: [b]\n  static: [c, «b]", '"b" stands under inputs already', "a map that moves"),
    (BOTH + "  static: [c, {file: a.tif, variable: «c}]", '"c" stands under static already', ""),
    (BOTH + "  static: [«{file: a.tif}]", 'lacks the required key "variable"', "name of the map"),
    (BOTH + "  horizons: [1, «0]", "expected a whole number of at least 1, found 0", ""),
    (BOTH + "  horizons: [2, «1]", "ascending order, each once, found 1 after 2", ""),
    (BOTH + "  history: «0", "expected a whole number of at least 1, found 0", ""),
    (BOTH + "  normalise: «anomly", "expected anomaly, standard or none", '"anomaly"'),
    (BOTH + "  relative_to: «null", "expected none or last, found null", '"none"'),
    (BOTH + "  patch: {size: 8, overlap: «8}", "expected an overlap below the size of 8, found 8", ""),
    (BOTH + "  coarsen: {y: «0}", "expected a whole number of at least 1, found 0", ""),
    (BOTH + "  split: {train: «1.5, val: 0.1}", "or a fraction between 0 and 1, found 1.5", ""),
    (BOTH + "  split: {train: 0.7, val: «0.4}", "sum to at most 1, found 1.1", ""),
    (BOTH + "  «split: {train: 0.7}", 'data.split lacks the required key "val"', "val: 0.1"),
    (BOTH + "  split: {train: [1995, 1996], val: «0.4}", "expected dates, as for train, found 0.4", "in one way"),
    (BOTH + "  split: {train: «[1995-02, 1995-01], val: [1996, 1996]}", "found 1995-02 after 1995-01", ""),
    (BOTH + "  split: {train: [1995, 1995-06], val: «[1995-06, 1996]}", "val (1995-06 to 1996) overlaps train", "both"),
    (BOTH + "  split: {train: [1995, «1995-13], val: [1996, 1997]}", "expected a date such as", ""),
    (BOTH + "  split: {train: «[1995], val: [1996, 1997]}", "expected two dates, the first and the last, found 1", ""),
    (
        BOTH + "  split: {train: 0.8, val: 0.2}\n«calibration: {method: conformal}",
        "the split has no calibration part",
        "calibration: null",
    ),
    # the language
    ("«", "found an empty text", ""),
    ("«- a\n- b", "expected a mapping of keys", ""),
    (REST + "seed:«\t1", "a tab can't stand here", "spaces"),
    (REST + "optim: {lr: 1\nseed«: 3", "a mapping is not closed (what it is in began on line 3)", "}"),
    (REST + "optim: [1, «2", "a list is not closed", "]"),
    (REST + "name: «'abc", "a quoted text is not closed", "closing quote"),
    (REST + "name: a«: b", 'a ": " can\'t stand here', "quote the value"),
    (REST + "name: «@a", "can't begin a value", "quotes"),
    (REST + "name: a«\x01b", "control character", "remove"),
    (REST + "name: «&x abc", "an anchor (&x)", "write the value"),
    (REST + "seed: «*x", "an alias (*)", "write the value out"),
    (REST + "seed: «!!int 3", "a tag (!!int)", "leave it out"),
    (REST + "seed: «!python/object 3", "a tag (!python/object)", "leave it out"),
    (REST + "optim: {«<<: {lr: 3}}", "a merge key", "write the keys out"),
    (REST + "«---\nseed: 2", "found a second one", ""),
    (REST + "? «[a]\n: 3", "expected a name as a key", ""),
    (REST + 'name: «"\\0"', "an escape that stands for no character", ""),
    (REST + "a: " + "[" * 20 + "«[[", "deeper nesting", ""),
]


@pytest.mark.parametrize(("marked", "message", "hint"), CASES)
def test_error_points_at_the_word_and_says_what_to_try(marked: str, message: str, hint: str) -> None:
    before, _, after = marked.partition("«")
    line, column = before.count("\n") + 1, len(before.split("\n")[-1]) + 1
    with pytest.raises(SpecError) as caught:
        parse_spec(before + after)
    problems = caught.value.problems
    assert len(problems) == 1, str(caught.value)
    (problem,) = problems
    assert problem.where == f"spec:{line}:{column}"
    assert message in problem.message
    assert hint in problem.hint
    quoted, carets = problem.excerpt.split("\n")
    assert carets.strip() == "^" * len(carets.strip()) != ""
    if "\n" not in after and len(before + after) < 300:
        assert quoted[carets.index("^") :].strip().startswith(after.strip("\t\x01")[:1])


def test_all_mistakes_come_at_once_in_the_order_of_the_text() -> None:
    text = """\
seed: true
data:
  source: a.nc
  targets: [ozone]
  inputs: [ozone]
  horizons: [0]
  split: {train: [1995, 1996], val: [1996, 1997]}
losses:
  - {loss: mse, weight: -1}
  - mse
quantiles: {levels: [0.9, 0.1]}
seed: 3
optin: {lr: 1}
"""
    with pytest.raises(SpecError) as caught:
        parse_spec(text, overrides=["optim.lr=fast", "losses.ssim.weight=1"])
    places = [problem.where.removeprefix("spec:") for problem in caught.value.problems]
    assert places == ["1:7", "5:12", "6:14", "7:37", "9:25", "11:27", "12:1", "13:1", "--set", "--set"]


def test_no_error_speaks_pydantic() -> None:
    for marked, _, _ in CASES:
        with pytest.raises(SpecError) as caught:
            parse_spec(marked.replace("«", ""))
        for word in ("Input should", "pydantic", "valid dictionary", "not a value that can stand here", "Error"):
            assert word not in str(caught.value)


def test_long_lines_are_cut_around_the_word() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(REST + "groups: {a: [" + "b, " * 200 + "3, " + "c, " * 200 + "]}")
    excerpt = caught.value.problems[-1].excerpt
    quoted, carets = excerpt.split("\n")
    assert len(quoted) < 120
    assert carets.strip() == "^"


def test_carets_stand_below_wide_characters() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec("losses: [mse]\ndata: {source: 気温.nc, targets: [a], history: 0}")
    (problem,) = caught.value.problems
    assert problem.where == "spec:2:46"
    assert problem.excerpt.split("\n")[1].index("^") == 4 + 45 + 2
