"""How many threads a process gives itself."""

import os
from pathlib import Path

import pytest

from stq.app import contention
from stq.cli._threads import settle_threads, usable_cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight logical CPUs on four cores, of which the process may use six."""
    for cpu in range(8):
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{cpu % 4},{cpu % 4 + 4}\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 4, 5, 6}, raising=False)
    return tmp_path


def test_siblings_on_one_core_count_once(machine: Path) -> None:
    assert usable_cores(machine, machine / "no quota") == 3


@pytest.mark.parametrize(("quota", "cores"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 3), ("", 3)])
def test_a_container_gets_no_more_than_its_quota(machine: Path, quota: str, cores: int) -> None:
    (machine / "cpu.max").write_text(quota)
    assert usable_cores(machine, machine / "cpu.max") == cores


def test_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    settle_threads()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OMP_WAIT_POLICY"]) == ("7", "ACTIVE")


def test_without_a_word_there_is_at_least_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    settle_threads()
    assert int(os.environ["OMP_NUM_THREADS"]) >= 1
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_threads_without_a_processor_of_their_own_are_told_of() -> None:
    assert contention(1, load=9.0, cpus=2) == ""  # one alone waits for nobody
    assert contention(2, load=0.9, cpus=2) == ""  # that is this process
    assert contention(8, load=20.0, cpus=64) == ""
    assert "busy over the last minute (load 1.5 for each of 2" in contention(2, load=3.0, cpus=2)  # by whomever
    assert "OMP_NUM_THREADS=1" in contention(2, load=3.0, cpus=2)


def test_a_process_that_may_use_some_of_the_processors_is_told_nothing_of_the_load_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "getloadavg", lambda: (64.0, 64.0, 64.0))
    for usable, told in ((8, False), (64, True)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, usable=usable: set(range(usable)), raising=False)
        assert bool(contention(8)) == told
