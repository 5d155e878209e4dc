"""`stq data pack` and `stq data verify`, on a spec that trains."""

from pathlib import Path

from support.command_line import document, stq, write_spec

from stq.data._forecast_seal import put_seal


def test_a_packed_spec_trains_and_damage_is_a_failed_check(tmp_path: Path) -> None:
    spec, store = write_spec(tmp_path), tmp_path / "store"
    packed = stq("data", "pack", spec, "-o", store, "--verify", "--json")
    assert packed.exit_code == 0
    answer = document(packed)
    size = sum(path.stat().st_size for path in store.iterdir() if path.suffix != ".json")
    assert answer == {
        "store": str(store),
        "variables": ["air", "sea"],
        "maps": [],
        "frames": 60,
        "size": [4, 5],
        "bytes": size,
        "verified": True,
    }
    checked = [stq("check", spec, *more, "--json") for more in ((), ("--set", f"data.source={store}"))]
    assert document(checked[0]) == document(checked[1])
    said = stq("data", "verify", store)
    assert said.exit_code == 0
    assert "every frame" in said.stdout
    content = bytearray((store / "001.npy").read_bytes())
    content[-1] ^= 4
    (store / "001.npy").write_bytes(content)
    for arguments in (("data", "verify", store), ("check", spec, "--set", f"data.source={store}")):
        failed = stq(*arguments)
        assert failed.exit_code == 4
        assert "variable 'sea' is damaged at step 59" in failed.stderr


def test_forecasts_are_verified_too_and_other_files_are_usage(tmp_path: Path) -> None:
    path = tmp_path / "out.nc"
    path.write_bytes(b"forecasts")
    put_seal(path)
    assert document(stq("data", "verify", path, "--json")) == {"forecast": str(path), "bytes": 86, "verified": True}
    assert "every byte" in stq("data", "verify", path).stdout
    path.write_bytes(path.read_bytes().replace(b"casts", b"costs"))
    damaged = stq("data", "verify", path)
    assert (damaged.exit_code, "damaged, or changed since" in damaged.stderr) == (4, True)
    (tmp_path / "a.txt").touch()
    assert stq("data", "verify", tmp_path / "a.txt").exit_code == 2


def test_a_store_is_never_overwritten_and_a_missing_one_is_usage(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    assert stq("data", "pack", spec, "-o", tmp_path).exit_code == 2
    assert stq("data", "verify", tmp_path / "none").exit_code == 2
    assert stq("data", "verify", tmp_path).exit_code == 4
