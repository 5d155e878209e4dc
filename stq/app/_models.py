"""From the spec's section `model` to a network."""

import torch

from stq.app._losses import levels_of
from stq.data import ForecastData, ForecastInputs
from stq.errors import DataError, PluginError, SpecError
from stq.models import Forecaster, ModelContext, build_model, check_model_options
from stq.registry import load_models
from stq.spec import LoadedSpec


def find_model(loaded: LoadedSpec) -> type[Forecaster]:
    """The model that the spec names, its options checked.

    Raises SpecError with all problems, each at its place, and PluginError where a local plugin file fails.
    """
    spec, registry = loaded.spec, load_models(loaded.plugin_files)
    try:
        model = registry.get(spec.model.name).cls
        check_model_options(model, spec.model.settings())
    except SpecError as error:
        raise SpecError(loaded.located(error.problems, ("model",))) from error
    except PluginError as error:
        raise SpecError([loaded.problem(("model", "name"), str(error))]) from error
    return model


def build_network(
    loaded: LoadedSpec, data: ForecastData | ForecastInputs, *, learn_from: ForecastData | None = None
) -> Forecaster:
    """The network of the spec for this data, with initial weights.

    Without `learn_from` all of them are to be overwritten, and what only a new network needs of the data is left out:
    it takes a pass over the training part.
    """
    spec, model = loaded.spec, loaded.spec.model
    if model.location is not None and not data.geographic:
        problem = loaded.problem(
            ("model", "location"),
            "model.location asks for a location encoder, and the grid has no latitude and longitude; "
            "set model.location: null",
            on="key",
        )
        raise DataError(f"{problem.message} ({problem.where})\n{problem.excerpt}")
    share = None
    if model.residual and spec.data.relative_to == "none":  # relative to the last frame, that frame is zero
        share = torch.ones(len(data.horizons), len(data.variables))
        share = share if learn_from is None else learn_from.persisting_share()
    context = ModelContext(
        channels=data.channels,
        variables=data.variables,
        horizons=data.horizons,
        levels=levels_of(loaded),
        order="anchored" if spec.quantiles is None else spec.quantiles.order,
        size=data.size if spec.data.patch is None else (spec.data.patch.size, spec.data.patch.size),
        history=spec.data.history,
        seed=spec.seed,
        head_hidden=model.heads.hidden,
        location_degree=None if model.location is None else model.location.degree,
        share=share,
    )
    try:
        forecaster = build_model(find_model(loaded), model.settings(), context)
    except SpecError as error:
        raise SpecError(loaded.located(error.problems, ("model",))) from error
    if model.compile and not any(True for _ in forecaster.compiled_parts()):
        message = f"the model {model.name} has no parts that can be compiled"
        raise SpecError([loaded.problem(("model", "compile"), message, "set compile: false")])
    return forecaster
