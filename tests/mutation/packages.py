"""What is mutated, and the tests that are meant to notice."""

from collections.abc import Iterator
from dataclasses import dataclass

from mutation.mutant import ROOT


@dataclass(frozen=True)
class Package:
    """Modules and files of tests, as patterns from the root. A test is run where it reaches the line of a mutant."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self) -> list[str]:
        """The modules, but for those that only import."""
        return [file for file in _found(self.sources) if not file.endswith("__init__.py")]

    def test_files(self) -> list[str]:
        return list(_found(self.tests))


PACKAGES = {
    "losses": Package(
        ("stq/losses/*.py",),
        ("tests/unit/test_loss_*.py", "tests/property/test_loss_*.py", "tests/contract/test_losses_conform.py"),
    ),
    "routing": Package(
        ("stq/routing/*.py",),
        (
            "tests/unit/test_routing_*.py",
            "tests/property/test_routing_tables.py",
            "tests/unit/test_training_scaler.py",
        ),
    ),
    "audit": Package(
        ("stq/routing/audit/*.py",),
        ("tests/unit/test_routing_*.py", "tests/property/test_routing_tables.py"),
    ),
    "windows": Package(
        (
            "stq/data/_windows.py",
            "stq/data/_splits.py",
            "stq/data/_window_dataset.py",
            "stq/data/_window_parts.py",
            "stq/data/_training_items.py",
        ),
        (
            "tests/property/test_data_windows.py",
            "tests/property/test_data_no_leak.py",
            "tests/property/test_data_blend.py",
            "tests/property/test_origin_splits.py",
            "tests/unit/test_data_splits.py",
            "tests/unit/test_data_patches.py",
            "tests/unit/test_data_gaps_in_time.py",
            "tests/unit/test_data_coarsen_and_tiles.py",
            "tests/unit/test_data_year_before.py",
        ),
    ),
    "calibration": Package(
        ("stq/calibration/*.py",),
        (
            "tests/unit/test_calibration_*.py",
            "tests/property/test_calibration_order.py",
            "tests/property/test_quantile_sketch.py",
        ),
    ),
    "checkpoint": Package(
        ("stq/training/_*checkpoint*.py", "stq/files/*.py"),
        ("tests/unit/test_files*.py", "tests/unit/test_training_checkpoints.py", "tests/unit/test_training_resume.py"),
    ),
    "spec": Package(
        tuple(
            f"stq/spec/_{name}.py"
            for name in ("yaml", "syntax", "load", "overrides", "source", "scalars", "node", "section", "environment")
        ),
        (
            "tests/unit/test_spec_*.py",
            "tests/property/test_spec_*.py",
            "tests/contract/test_spec_contract.py",
            "tests/contract/test_json_schema.py",
        ),
    ),
}
"""By the name that `make mutation PACKAGES=...` takes."""


def _found(patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        yield from (str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(pattern)))
