"""What `stq compare` does: train a spec under several ways of routing and several seeds, and pair the scores.

`_arms` are the ways of routing, `_plan` the runs and which of them are there already, `_figures` what two runs are
compared by, `_paired` what a mean of few differences is worth, `_differences` all of it by arm, place and origin,
`_result` what comes out, and `_compare` the whole.
"""

from stq.app.comparison._compare import Progress, compare
from stq.app.comparison._result import ComparedRun, ComparisonResult, Difference

__all__ = ["ComparedRun", "ComparisonResult", "Difference", "Progress", "compare"]
