"""What a person or a program reads: results in, rich tables and JSON text out. Nothing here prints or computes.

Tables fit 80 columns, carry their units, and say in words what they say in colour. Nothing of torch, Lightning or
xarray is imported: results are only looked at.
"""

from stq.report._check import check_summary
from stq.report._document import json_text
from stq.report._gradients import gradient_tables
from stq.report._inspection import init_summary, inspection_tables
from stq.report._losses import loss_page, loss_table
from stq.report._plugins import plugin_table
from stq.report._prediction import prediction_summary
from stq.report._problems import problem_text
from stq.report._report_summary import report_summary
from stq.report._scores import score_tables
from stq.report._store import store_summary
from stq.report._training_display import TrainingDisplay
from stq.report._training_lines import TrainingLines
from stq.report._training_outcome import training_outcome
from stq.report._training_plan import training_plan

__all__ = [
    "TrainingDisplay",
    "TrainingLines",
    "check_summary",
    "gradient_tables",
    "init_summary",
    "inspection_tables",
    "json_text",
    "loss_page",
    "loss_table",
    "plugin_table",
    "prediction_summary",
    "problem_text",
    "report_summary",
    "score_tables",
    "store_summary",
    "training_outcome",
    "training_plan",
]
