"""What a network has to beat, beside persistence and climatology: fitted on the training part, with bands of its own.

`_points` are the central forecasts and `_forecasts` those with their bands. `_fit` fits both and calibrates the bands,
`_fitted` is the document of that which a run keeps, and `_open_baselines` takes it from there or has it made.
"""

from stq.app.baselines._forecasts import Baselines
from stq.app.baselines._open_baselines import fit_baselines, open_baselines

__all__ = ["Baselines", "fit_baselines", "open_baselines"]
