"""`stq check`."""

from stq.cli._answer import Answer
from stq.cli._options import Debug, Json, Overrides, SpecFile
from stq.report import check_summary


def check(spec: SpecFile, overrides: Overrides = None, as_json: Json = False, debug: Debug = False) -> Answer:
    """Check a spec without training: its text, then its plugins, then its data and the routing."""
    from stq.spec import load_spec

    loaded = load_spec(spec, overrides or [])
    from stq.app import check

    result = check(loaded)
    return Answer(result.to_dict(), check_summary(result))
