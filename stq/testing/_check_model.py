"""The conformance kit for models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import torch

from stq.models import Forecaster, ModelContext, build_model
from stq.registry import admit_model
from stq.tensors import Batch, Forecast
from stq.testing._report import ModelReport, PropertyResult
from stq.testing._tiny_model import LEVELS, tiny_batch, tiny_model_context

SIZES = ((9, 7), (16, 8), (5, 12))


@dataclass(frozen=True)
class Subject:
    """A model class and the options that it is asked about with."""

    cls: type[Forecaster]
    options: Mapping[str, object]

    def built(self, context: ModelContext | None = None) -> Forecaster:
        """One of them, for the tiny run or another."""
        return build_model(self.cls, self.options, context or tiny_model_context())


def check_model(cls: type[Forecaster], options: Mapping[str, object] | None = None) -> ModelReport:
    """Ask of a model everything that routing, the audit, quantiles and forecasts of other sizes rely on.

    It is built for a tiny run with its default options, or with these. First comes `declaration`: name, docstring,
    constructor; a model that fails there is asked nothing else. What the model raises counts against the question at
    hand; this function itself raises nothing.
    """
    title = str(getattr(cls, "name", cls.__qualname__))
    try:
        subject = Subject(admit_model(cls), options or {})
        subject.built()
    except Exception as error:  # whatever the author's constructor raises
        return ModelReport(title, (PropertyResult("declaration", False, str(error) or type(error).__name__),))
    asked = [_ask(name, question, subject) for name, question in PROPERTIES.items()]
    return ModelReport(title, (PropertyResult("declaration", True, ""), *asked))


def shapes_right(subject: Subject) -> str:
    """A finite field for each horizon, level and variable, whatever the size of the fields."""
    for levels in (LEVELS, (0.025, 0.975), ()):
        model = subject.built(tiny_model_context(levels)).eval()
        for size in SIZES if levels == LEVELS else SIZES[:1]:
            batch = tiny_batch(size)
            forecast = forecast_of(model, batch)
            wanted = tuple(batch.values.shape)
            if tuple(forecast.central.shape) != wanted:
                return f"the central forecast of {size} cells has shape {tuple(forecast.central.shape)}, not {wanted}"
            if not forecast.central.isfinite().all():
                return f"the central forecast of {size} cells is not finite"
            if (forecast.quantiles is None) != (not levels) or forecast.levels != levels:
                return f"asked for the levels {levels}, it gave {forecast.levels}"
            if forecast.quantiles is not None:
                wanted = (*wanted[:2], len(levels), *wanted[2:])
                if tuple(forecast.quantiles.shape) != wanted:
                    return f"the quantiles have shape {tuple(forecast.quantiles.shape)}, not {wanted}"
    return ""


def groups_partition(subject: Subject) -> str:
    """Every trainable parameter is in exactly one group, and every pattern matches some."""
    model = subject.built()
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = model.groups()
    homes = {n: [g for g, patterns in groups.items() if any(fnmatchcase(n, p) for p in patterns)] for n in names}
    for name, home in homes.items():
        if len(home) != 1:
            return f"{name} is in {' and '.join(home) or 'no group'}"
    idle = [p for patterns in groups.values() for p in patterns if not any(fnmatchcase(n, p) for n in names)]
    return f"no parameter matches {', '.join(idle)}" if idle else ""


def weights_from_the_seed(subject: Subject) -> str:
    """Initial weights are a function of the seed alone, and the caller's generator is left as it was."""
    torch_state = torch.get_rng_state()
    one = subject.built().state_dict()
    if not torch.equal(torch_state, torch.get_rng_state()):
        return "building it moves the generator of the process"
    with torch.random.fork_rng(devices=[]):
        torch.rand(3)
        other = subject.built().state_dict()
    differing = [name for name, value in one.items() if not torch.equal(value, other[name])]
    return f"two builds of one seed differ in {', '.join(differing[:3])}" if differing else ""


def central_stands_alone(subject: Subject) -> str:
    """No quantile changes a bit of the central forecast: neither its weights nor what it draws in training."""
    batch = tiny_batch()
    alone = forecast_of(subject.built(tiny_model_context(())).train(), batch).central
    for levels in (LEVELS, (0.25, 0.75)):
        for order in ("anchored", "independent"):
            model = subject.built(tiny_model_context(levels, order)).train()
            beside = forecast_of(model, batch).central
            if not torch.equal(alone, beside):
                return f"the central forecast changes with quantiles at {levels}, {order}"
    return ""


def every_parameter_learns(subject: Subject) -> str:
    """Each parameter gets a gradient from the central forecast or the quantiles, and none of `quantiles` from the
    former."""
    model, batch = subject.built().train(), tiny_batch()
    forecast = forecast_of(model, batch)
    names, parameters = zip(*model.named_parameters(), strict=True)
    central = (forecast.central - batch.values).square().mean()
    found = torch.autograd.grad(central, parameters, allow_unused=True, retain_graph=True)
    reached = {n for n, g in zip(names, found, strict=True) if g is not None and bool(g.any())}
    patterns = model.groups().get("quantiles", ())
    leaning = [name for name in names if name in reached and any(fnmatchcase(name, each) for each in patterns)]
    if leaning:
        return f"the central forecast depends on {leaning[0]}, of the group quantiles"
    assert forecast.quantiles is not None  # as asked
    band = (forecast.quantiles - batch.values.unsqueeze(2)).square().mean()
    found = torch.autograd.grad(band, parameters, allow_unused=True)
    reached |= {n for n, g in zip(names, found, strict=True) if g is not None and bool(g.any())}
    starved = [name for name in names if name not in reached]
    return f"no gradient reaches {', '.join(starved[:3])}" if starved else ""


def samples_apart(subject: Subject) -> str:
    """A sample's forecast does not depend on what else is in the batch, and a forward pass moves no buffer."""
    model, batch = subject.built().train(), tiny_batch()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    forecast_of(model, batch)
    moved = [name for name, buffer in model.named_buffers() if not torch.equal(buffer, before[name])]
    if moved:
        return f"a forward pass moves {moved[0]}: every loss does, whatever the routing says"
    model.eval()
    whole = forecast_of(model, batch).central
    first = forecast_of(model, Batch(*(tensor[:1] for tensor in batch))).central
    same = torch.allclose(whole[:1], first, rtol=1e-4, atol=1e-5)
    return "" if same else "the forecast of a sample changes with the rest of the batch"


def bands_of_any_residual(subject: Subject) -> str:
    """It can be built without a share of the last frame, and in every order of the quantiles."""
    for order in ("anchored", "independent"):
        context = replace(tiny_model_context((0.025, 0.975), order), share=None)
        if not forecast_of(subject.built(context).eval(), tiny_batch()).central.isfinite().all():
            return f"without a residual, {order}: the central forecast is not finite"
    return ""


PROPERTIES: dict[str, Callable[[Subject], str]] = {
    "shapes": shapes_right,
    "groups": groups_partition,
    "weights from the seed": weights_from_the_seed,
    "central stands alone": central_stands_alone,
    "every parameter learns": every_parameter_learns,
    "samples apart": samples_apart,
    "residual or not": bands_of_any_residual,
}


def forecast_of(model: Forecaster, batch: Batch) -> Forecast:
    """The forecast of a batch, its dropout drawn from one place."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        forecast: Forecast = model(batch.inputs, batch.base, batch.location)
    return forecast


def _ask(name: str, question: Callable[[Subject], str], subject: Subject) -> PropertyResult:
    try:
        found = question(subject)
    except Exception as error:  # whatever the author's forward raises
        found = f"{type(error).__name__}: {error}"
    return PropertyResult(name, not found, found)
