"""What a person or a program reads: results in, rich tables and JSON text out. Nothing here prints or computes.

Tables fit 80 columns, carry their units, and say in words what they say in colour. Nothing of torch, Lightning or
xarray is imported: results are only looked at.
"""

from stq.report._calibration import calibration_tables
from stq.report._check import check_summary
from stq.report._comparison import (
    comparison_markdown,
    comparison_tables,
    difference_in_words,
    value_in_words,
)
from stq.report._config import config_table, difference_table
from stq.report._conformance import conformance_tables, new_loss_text
from stq.report._doctor import doctor_table
from stq.report._document import json_text
from stq.report._export import export_summary
from stq.report._gradients import gradient_tables
from stq.report._inert_text import inert_text
from stq.report._inspection import init_summary, inspection_tables, schema_summary
from stq.report._losses import loss_page, loss_table
from stq.report._models import model_page, model_table
from stq.report._origins import origin_tables
from stq.report._plugins import plugin_table
from stq.report._prediction import prediction_summary
from stq.report._problems import problem_text
from stq.report._report_summary import report_summary
from stq.report._runs import run_table
from stq.report._scores import score_tables
from stq.report._store import store_summary, verified_summary
from stq.report._training_display import TrainingDisplay
from stq.report._training_lines import TrainingInSilence, TrainingLines
from stq.report._training_outcome import training_outcome
from stq.report._training_plan import training_plan
from stq.report._tuning import trial_line, tuning_table

__all__ = [
    "TrainingDisplay",
    "TrainingInSilence",
    "TrainingLines",
    "calibration_tables",
    "check_summary",
    "comparison_markdown",
    "comparison_tables",
    "config_table",
    "conformance_tables",
    "difference_in_words",
    "difference_table",
    "doctor_table",
    "export_summary",
    "gradient_tables",
    "inert_text",
    "init_summary",
    "inspection_tables",
    "json_text",
    "loss_page",
    "loss_table",
    "model_page",
    "model_table",
    "new_loss_text",
    "origin_tables",
    "plugin_table",
    "prediction_summary",
    "problem_text",
    "report_summary",
    "run_table",
    "schema_summary",
    "score_tables",
    "store_summary",
    "training_outcome",
    "training_plan",
    "trial_line",
    "tuning_table",
    "value_in_words",
    "verified_summary",
]
