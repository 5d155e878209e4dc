"""Reading from files: paths, names, what is no spec at all, and errors that later checks locate."""

import os
from pathlib import Path

import pytest

from stq.errors import Problem, SpecError
from stq.spec import load_spec, parse_spec

TEXT = "data: {source: [a.nc, 'in/*.nc', ~/h.nc, 's3://bucket/x.zarr'], targets: [ozone]}\nlosses: [mse]\n"


def write(folder: Path, text: str | bytes, name: str = "my spec(1).yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_relative_paths_are_relative_to_the_spec(tmp_path: Path) -> None:
    text = TEXT.replace("[ozone]", "[ozone], static: [{file: ../b.tif, variable: c}]")
    path = write(tmp_path, text + "plugins: [./my_loss.py]\ninit_from: runs/x\n")
    spec = load_spec(path, ["init_from=runs/y"]).spec
    assert spec.data.source == (
        f"{tmp_path}/a.nc",
        f"{tmp_path}/in/*.nc",
        os.path.expanduser("~/h.nc"),
        "s3://bucket/x.zarr",
    )
    assert spec.data.static[0].file == tmp_path.parent / "b.tif"
    assert spec.plugins == (tmp_path / "my_loss.py",)
    assert spec.init_from == tmp_path / "runs/y"


def test_paths_are_absolute_even_where_the_spec_was_named_relatively(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    loaded = load_spec(os.path.relpath(path))
    assert loaded.spec.data.source[0] == f"{tmp_path}/a.nc"
    assert loaded.path == Path(os.path.relpath(path))
    assert loaded.text == TEXT


def test_the_way_from_another_folder_is_absolute_where_a_link_would_bend_it(tmp_path: Path) -> None:
    far, project = tmp_path / "far" / "scratch", tmp_path / "project"
    far.mkdir(parents=True)
    project.mkdir()
    (project / "runs").symlink_to(far)
    spec = write(project, TEXT)
    for folder, source in ((far.parent, "../project/a.nc"), (project / "runs" / "a", f"{project}/a.nc")):
        assert load_spec(spec, seen_from=folder).spec.data.source[0] == source


def test_name_comes_from_the_file(tmp_path: Path) -> None:
    assert load_spec(write(tmp_path, TEXT)).spec.name == "my-spec-1-"
    assert load_spec(write(tmp_path, TEXT, ".--.yaml")).spec.name == "run"
    assert load_spec(write(tmp_path, TEXT + "name: x\n")).spec.name == "x"
    assert parse_spec(TEXT).spec.name == "run"


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    assert load_spec(write(tmp_path, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())).spec.name == "my-spec-1-"


def test_what_is_no_spec_is_one_clear_error(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "nasa.yaml")
    cases = {
        tmp_path / "nasaa.yaml": "there is no file",
        tmp_path / "no" / "nasa.yaml": "there is no file",
        tmp_path: "found a folder",
        write(tmp_path, b"a: 1\nb: \xff", "latin.yaml"): "expected UTF-8 text",
        write(tmp_path, "# " + "x" * 300_000, "large.yaml"): "at most 128 kB",
        write(tmp_path, "# nothing", "empty.yaml"): "found an empty text",
    }
    for path, message in cases.items():
        with pytest.raises(SpecError) as caught:
            load_spec(path)
        (problem,) = caught.value.problems
        assert message in problem.message
    with pytest.raises(SpecError, match=r'did you mean "nasa.yaml"'):
        load_spec(tmp_path / "nasaa.yaml")
    with pytest.raises(SpecError, match=r"latin.yaml:2:4: "):
        load_spec(tmp_path / "latin.yaml")


def test_later_checks_point_into_the_text() -> None:
    text = "data: {source: a.nc, targets: [ozone]}\nlosses:\n  - {loss: ssim, levles: 3, bins: x}\n"
    loaded = parse_spec(text)
    assert loaded.problem(("data", "targets", 0), "no such variable").where == "spec:1:32"
    assert loaded.problem(("losses", 0, "levles"), "unknown option", on="key").where == "spec:3:18"
    assert loaded.problem(("model", "kernel"), "too large").where == "spec:1:1"
    unknown, wrong = loaded.located(
        [
            Problem(("levles",), "the loss ssim has no option 'levles'", "hint", on="key"),
            Problem(("bins",), "expected a number"),
        ],
        under=("losses", 0),
    )
    assert (unknown.where, unknown.path, unknown.hint) == ("spec:3:18", ("losses", 0, "levles"), "hint")
    assert (wrong.where, wrong.excerpt.split("\n")[1].count("^")) == ("spec:3:35", 1)


def test_an_option_is_located_in_the_argument_that_set_it() -> None:
    loaded = parse_spec(TEXT, overrides=["losses.mse.bins=3"])
    problem = loaded.problem(("losses", 0, "bins"), "wrong")
    assert problem.where == "--set"
    assert problem.excerpt == "    losses.mse.bins=3\n                    ^"
