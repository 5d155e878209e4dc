"""What lies where in the folder of a run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPaths:
    """Paths inside one run."""

    path: Path

    @property
    def spec(self) -> Path:
        """The spec as its author wrote it."""
        return self.path / "spec.yaml"

    @property
    def resolved(self) -> Path:
        """The spec with every default and every `--set` in it, and absolute paths."""
        return self.path / "resolved.yaml"

    @property
    def environment(self) -> Path:
        """Versions, machine, plugins with their sha256, fingerprint of the data, and when the run was gone on with."""
        return self.path / "environment.json"

    @property
    def statistics(self) -> Path:
        """What normalisation was fitted on the training part."""
        return self.path / "statistics.npz"

    @property
    def checkpoints(self) -> Path:
        """A folder for each checkpoint; see `stq.training.CheckpointStore`."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def audit(self) -> Path:
        """The gradient audit of the first training step."""
        return self.path / "audit.json"

    @property
    def initial(self) -> Path:
        """Which parts of the network started from another run; absent without `init_from`."""
        return self.path / "init_from.json"

    @property
    def calibration(self) -> Path:
        """The conformal corrections; absent where there is nothing to calibrate."""
        return self.path / "calibration.json"

    @property
    def former_calibration(self) -> Path:
        """The corrections that others took the place of, by `stq calibrate` or further training; absent before."""
        return self.path / "calibration.previous.json"

    @property
    def strata(self) -> Path:
        """The map of strata that the spec names, as it was read; absent where it names none."""
        return self.path / "strata.npz"

    @property
    def baselines(self) -> Path:
        """The fitted baselines; absent until they are first asked for."""
        return self.path / "baselines.json"

    def scores(self, split: str) -> Path:
        """What `stq eval` found on a split; absent before."""
        return self.path / "scores" / f"{split}.json"

    @property
    def outcome(self) -> Path:
        """How training ended; absent while it has not."""
        return self.path / "outcome.json"

    @property
    def report(self) -> Path:
        """The page that `stq report` makes."""
        return self.path / "report.html"

    @property
    def plugins(self) -> Path:
        """Copies of the local plugin files that the run was made with."""
        return self.path / "plugins"
