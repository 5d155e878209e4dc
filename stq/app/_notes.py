"""What a spec asks for, knowingly or not, and a person should know before and after training."""

from collections.abc import Sequence

from stq.app._losses import ResolvedLoss
from stq.routing import Plan
from stq.spec import Spec


def routing_notes(spec: Spec, losses: Sequence[ResolvedLoss], plan: Plan, *, warm: bool) -> tuple[str, ...]:
    """Settings through which the quantile side reaches the central forecast although no gradient does, losses that
    move nothing, and groups that are frozen at random weights (unless `warm`, where they come from a run).
    """
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
    if plan.idle:
        names = ", ".join(plan.idle)
        notes.append(f"computed, and move nothing, since every group that they may update is frozen: {names}")
    if not warm:
        notes += [f"{name} is frozen at its random initial weights" for name in spec.freeze]
    return tuple(notes)
