"""Gradient routing: each loss moves the parameter groups that it is tagged with, and nothing else.

Read it as a chapter. `Groups` cut a module's parameters into named sets. A `Route` says, for one loss, its weight and
how much of it may reach each group. `plan_routes` turns both into a `Plan`: the fewest backward passes that give every
parameter exactly its permitted share. An engine runs the plan: `pruned` by default, `save-restore` as the oracle,
`joint` as the baseline without isolation. `Router` hangs an engine onto a training step, `RoutedBackward` does so for
a Lightning module, `audit_step` measures what really arrives, `Auditor` does so in a training loop, `audit_model` for a
model that was put down as `Audited`, and `clip_by_group` keeps one group's large gradient from shrinking another's
step.

The package knows torch alone. README.md beside this file has the mathematics and what is not isolated.
"""

from stq.routing._audit import Audit, Conflict, ModuleNorms
from stq.routing._audited import Audited, audit_model
from stq.routing._auditor import Auditor
from stq.routing._clip import ClipPer, clip_by_group, clip_gradients, gradient_norms
from stq.routing._cost import Cost
from stq.routing._engines import ENGINES, Engine
from stq.routing._freeze import hold_frozen
from stq.routing._groups import Group, Groups
from stq.routing._joint import joint
from stq.routing._measured import audit_step
from stq.routing._mixin import RoutedBackward
from stq.routing._plan import Plan, Route, RouteClass, plan_routes
from stq.routing._pruned import pruned
from stq.routing._router import Router, Step
from stq.routing._save_restore import save_restore
from stq.routing._verdicts import Cell, Starved

__all__ = [
    "ENGINES",
    "Audit",
    "Audited",
    "Auditor",
    "Cell",
    "ClipPer",
    "Conflict",
    "Cost",
    "Engine",
    "Group",
    "Groups",
    "ModuleNorms",
    "Plan",
    "Route",
    "RouteClass",
    "RoutedBackward",
    "Router",
    "Starved",
    "Step",
    "audit_model",
    "audit_step",
    "clip_by_group",
    "clip_gradients",
    "gradient_norms",
    "hold_frozen",
    "joint",
    "plan_routes",
    "pruned",
    "save_restore",
]
