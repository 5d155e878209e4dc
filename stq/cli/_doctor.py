"""`stq doctor`."""

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json
from stq.errors import CheckFailed
from stq.report import doctor_table


def doctor(as_json: Json = False, debug: Debug = False) -> Answer:
    """Look at versions, devices, threads, plugins and disk; exit code 4 where something can't work."""
    from stq.app import doctor

    result = doctor()
    return Answer(result.to_dict(), doctor_table(result), CheckFailed.exit_code if result.verdict == "fault" else 0)
