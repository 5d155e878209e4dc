"""What `stq tune` does: search for the settings that forecast the validation part best.

`_study` is Optuna's study on the disk, and this its only home; `_result` is what comes out, and `_tune` the whole.
"""

from stq.app.tuning._result import Trial, TuneResult
from stq.app.tuning._tune import tune

__all__ = ["Trial", "TuneResult", "tune"]
