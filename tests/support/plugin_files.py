"""Plugins written to disk, as pip or a user would put them there."""

from pathlib import Path

LOSS = '''
from stq import hookimpl
from stq.losses import Loss, masked_mean


class Absolute(Loss):
    """Mean absolute error."""

    name = "{name}"
    updates = ("backbone", "central")

    def forward(self, forecast, target):
        return masked_mean((forecast.central - target.values).abs(), target.valid)


@hookimpl
def stq_losses():
    return [Absolute]
'''


def install(folder: Path, distribution: str, source: str, entry: str = "losses") -> str:
    """Lay out an installed distribution with one module and one entry point; gives the module's name."""
    module = distribution.replace("-", "_")
    (folder / f"{module}.py").write_text(source)
    metadata = folder / f"{module}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(f"[stq]\n{entry} = {module}\n")
    return module
