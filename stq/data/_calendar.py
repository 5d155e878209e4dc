"""The time of year and the time of day, as points on a circle."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from stq.data._request import CalendarFeature
from stq.data._time_axis import TimeAxis


def calendar_names(features: Sequence[CalendarFeature]) -> tuple[str, ...]:
    """The channels that `calendar_values` gives, by name."""
    return tuple(f"{feature} {wave}" for feature in features for wave in ("sine", "cosine"))


def calendar_values(times: TimeAxis, features: Sequence[CalendarFeature]) -> Float32[np.ndarray, "N F"]:
    """Sine and cosine of each feature's share of its cycle: (month - 1) / 12 of the year, hour / 24 of the day."""
    _, month, _, hour, minute, second = times.parts.T
    shares = {"month": (month - 1) / 12, "hour": (hour + minute / 60 + second / 3600) / 24}
    angles = [2 * np.pi * shares[feature] for feature in features]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1).astype(np.float32) if waves else np.zeros((len(times), 0), dtype=np.float32)
