"""The audit of a real training step: forward, losses and hooks as in training, and nothing is updated."""

from pytorch_lightning import Trainer

from stq.errors import RoutingError
from stq.routing import Audit, Engine, Plan, Step, audit_step
from stq.spec import TrainerSpec
from stq.training._fit import errors_in_words, known_warnings, quiet
from stq.training._forecast_module import ForecastModule
from stq.training._loaders import Loaders
from stq.training._strategy import where
from stq.training._world import ALONE, World


def probe_training_step(module: ForecastModule, loaders: Loaders, settings: TrainerSpec, world: World = ALONE) -> Audit:
    """Take one step of `module` under a real Trainer and audit its routing on the retained graph.

    The backward of the step itself is left out, so that no parameter has a gradient and none moves. Raises
    RoutingError where the step never reached its backward. It is this process's own step, whatever the others of
    `world` do.
    """
    audits: list[Audit] = []

    def look(plan: Plan, step: Step, engine: Engine) -> bool:
        audits.append(audit_step(plan, step, engine))
        return False

    module.router.probe = look
    try:
        trainer = Trainer(
            max_steps=1,
            limit_val_batches=0,
            enable_checkpointing=False,
            log_every_n_steps=1,
            **quiet(settings, where(settings, world, alone=True)),
        )
        with known_warnings(), errors_in_words():
            trainer.fit(module, datamodule=loaders)
    finally:
        module.router.probe = None
    if not audits:
        raise RoutingError("the training step ended without a backward: there is nothing to audit")
    return audits[0]
