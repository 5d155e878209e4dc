"""Compare what stq wrote with its checksums."""

from dataclasses import dataclass
from pathlib import Path

from stq.app._pack import StoreResult, verify_store
from stq.app._predict import size_of
from stq.data import FORECAST_FORMATS, check_seal, is_store
from stq.errors import UsageError


@dataclass(frozen=True)
class VerifiedForecast:
    """A file of forecasts, or a Zarr store of them, of which every byte is as it was written."""

    path: Path
    nbytes: int

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {"forecast": str(self.path), "bytes": self.nbytes, "verified": True}


def verify(path: Path) -> StoreResult | VerifiedForecast:
    """A packed store, or what `predict` wrote. Raises UsageError for a path that is neither, CheckFailed for damage."""
    if path.suffix not in FORECAST_FORMATS or not path.exists() or is_store([str(path)]):
        if path.is_file():
            raise UsageError(f"{path}: expected the folder of a packed store, or forecasts (.nc, .zarr, .tif)")
        return verify_store(path)
    check_seal(path)
    return VerifiedForecast(path, size_of(path))
