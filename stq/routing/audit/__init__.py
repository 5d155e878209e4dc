"""The audit: what each loss really does to each group, measured on the graph of real steps.

There are three ways in. `audit_step` measures one step on its retained graph and leaves no trace: call it from a probe
of one's own. `Auditor` is a probe for a training loop, or a Trainer: it audits every step, lets its real backward run
where nothing was found, and looks at what that left. `audit_model` is for a model outside of any loop: put down as
`Audited` (its groups, its routes, how to compute its losses), it is taken through a few steps with an `Auditor`.

All give an `Audit`: a `Cell` with a verdict for each loss on each group, and every fault in words. The engines and the
router know nothing of this package.
"""

from stq.routing.audit._contract import Audited, audit_model
from stq.routing.audit._cost import Cost
from stq.routing.audit._measure import audit_step
from stq.routing.audit._probe import Auditor
from stq.routing.audit._result import Audit, Conflict, ModuleNorms
from stq.routing.audit._starved import Starved
from stq.routing.audit._verdicts import Cell

__all__ = [
    "Audit",
    "Audited",
    "Auditor",
    "Cell",
    "Conflict",
    "Cost",
    "ModuleNorms",
    "Starved",
    "audit_model",
    "audit_step",
]
