"""What a spec asks for knowingly or not, and a person should know before and after training."""

from collections.abc import Sequence

from stq.app._losses import ResolvedLoss
from stq.spec import Spec


def spec_notes(spec: Spec, losses: Sequence[ResolvedLoss]) -> tuple[str, ...]:
    """Settings through which the quantile side reaches the central forecast although no gradient does."""
    notes = []
    clip, plateau = spec.optim.clip, spec.optim.schedule.plateau
    if clip is not None and clip.per == "global":
        notes.append(
            "optim.clip.per is global: a large quantile gradient shrinks the backbone's step, so that the central "
            "forecast depends on the quantile side"
        )
    by_name = {resolved.name: resolved.loss for resolved in losses}
    if plateau is not None and plateau.monitor in by_name and by_name[plateau.monitor].needs_quantiles:
        notes.append(
            f"the plateau monitors {plateau.monitor}, a loss of the quantiles: they decide on the backbone's learning "
            f"rate, so that the central forecast depends on the quantile side"
        )
    return tuple(notes)
