"""Gradient routing: each loss moves the parameter groups that it is tagged with, and nothing else.

Read it as a chapter. `Groups` cut a module's parameters into named sets. A `Route` says, for one loss, its weight and
how much of it may reach each group. `plan_routes` turns both into a `Plan`: the fewest backward passes that give every
parameter exactly its permitted share. An engine runs the plan: `pruned` by default, `save-restore` as the oracle,
`joint` as the baseline without isolation. `Router` hangs an engine onto a training step, `RoutedBackward` does so for
a Lightning module, and `clip_by_group` keeps one group's large gradient from shrinking another's step. The sub-package
`audit` measures what really arrives where, by three ways in: `audit_step`, `Auditor` and `audit_model`.

The package knows torch alone. README.md beside this file has the mathematics and what is not isolated.
"""

from stq.routing._clip import ClipPer, clip_by_group, clip_gradients, gradient_norms
from stq.routing._engines import ENGINES, Engine
from stq.routing._freeze import hold_frozen
from stq.routing._groups import Group, Groups
from stq.routing._joint import joint
from stq.routing._mixin import RoutedBackward
from stq.routing._plan import Plan, Route, RouteClass, plan_routes
from stq.routing._pruned import pruned
from stq.routing._router import Router
from stq.routing._save_restore import save_restore
from stq.routing._step import Step
from stq.routing.audit import (
    Audit,
    Audited,
    Auditor,
    Cell,
    Conflict,
    Cost,
    ModuleNorms,
    Starved,
    audit_model,
    audit_step,
)

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
