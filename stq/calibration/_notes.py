"""What a person should know of a calibration."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from stq.calibration._bands import bands
from stq.calibration._conformal_calibration import ConformalCalibration
from stq.calibration._expected_coverage import least_frames

EMPTY: Mapping[str, int] = MappingProxyType({})


def calibration_notes(calibration: ConformalCalibration) -> tuple[str, ...]:
    """Levels that ask for more frames than there are, and groups that have none or few of their own."""
    groups = {name: _fewest(part.frames) for name, part in zip(calibration.groups, calibration.grouped, strict=True)}
    return frames_notes(calibration.levels, _fewest(calibration.frames), groups)


def frames_notes(levels: Sequence[float], frames: int, groups: Mapping[str, int] = EMPTY) -> tuple[str, ...]:
    """Levels that ask for more frames than there are in all, or than `groups` have, which are calibrated apart."""
    asking = _asking(levels)
    notes = [f"{_count(frames)} to calibrate on: {_wish(levels)}"] if asking > frames else []
    none = [name for name, own in groups.items() if not own]
    if none:
        notes.append(
            f"no calibration frame, at one horizon or more, of {', '.join(none)}: the correction of all groups "
            f"together is used there"
        )
    few = [f"{name} ({own})" for name, own in groups.items() if 0 < own < asking <= frames]
    if few:
        notes.append(f"few frames to calibrate on in {', '.join(few)}: {_wish(levels)}")
    return tuple(notes)


def _wish(levels: Sequence[float]) -> str:
    """What the outermost band asks for."""
    widest = max(bands(levels), key=lambda band: band.coverage)
    frames = least_frames(widest.coverage)
    asks = f"a coverage of {100 * widest.coverage:g} % asks for {frames}"
    if widest.lower is not None and widest.upper is not None:
        low, up = levels[widest.lower], levels[widest.upper]
        asks = f"the {100 * widest.coverage:g} % band asks for {frames}, its levels {low:g} and {up:g} for "
        asks += f"{least_frames(up)}"
    return f"{asks}; with fewer, chance decides how much is covered"


def _asking(levels: Sequence[float]) -> int:
    """The frames that the outermost level asks for; 0 where nothing is calibrated."""
    return max((least_frames(max(level, 1 - level)) for level in levels if level != 0.5), default=0)


def _fewest(frames: tuple[tuple[int, ...], ...]) -> int:
    return min(min(row) for row in frames)


def _count(frames: int) -> str:
    return "1 frame" if frames == 1 else f"{frames} frames"
