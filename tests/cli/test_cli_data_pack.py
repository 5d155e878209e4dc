"""`stq data pack` and `stq data verify`, on a spec that trains."""

from pathlib import Path

from support.command_line import document, stq, write_spec


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


def test_a_store_is_never_overwritten_and_a_missing_one_is_usage(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    assert stq("data", "pack", spec, "-o", tmp_path).exit_code == 2
    assert stq("data", "verify", tmp_path / "none").exit_code == 2
    assert stq("data", "verify", tmp_path).exit_code == 4
