"""The claim that stq rests on, put to the test: does isolation keep the central forecast, and do the bands gain?

`make study` compares the arms pruned and joint under six seeds on both example data sets, with anchored and with
independent quantile heads, in runs/study/<set>-<order>. What is there already is taken as it is. The tables go to
runs/study/table.md and, between two marks, into docs/study.md.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from stq.app import ComparisonResult, Difference, Progress, RunFolder, compare
from stq.report import comparison_markdown, difference_in_words, value_in_words

ROOT = Path(__file__).parents[2]
SPECS = ("examples/nasa.yaml", "examples/mediterranean.yaml")
ORDERS = ("anchored", "independent")
BEGIN, END = "<!-- made by make study: begin -->", "<!-- made by make study: end -->"


def main(words: Sequence[str] | None = None) -> int:
    """Compare, write, and leave with the code of the worst failure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--specs", type=Path, nargs="+", default=[ROOT / spec for spec in SPECS])
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    arguments.add_argument("--arms", nargs="+", default=["pruned", "joint"])
    arguments.add_argument("--out", type=Path, default=ROOT / "runs" / "study")
    arguments.add_argument("--page", type=Path, default=ROOT / "docs" / "study.md", help="where the marks stand")
    chosen = arguments.parse_args(words)
    for part in ("utilities", "trainer", "callbacks"):
        logging.getLogger(f"pytorch_lightning.{part}").setLevel(logging.WARNING)
    results = {
        (spec.stem, order): compare(
            spec,
            arms=chosen.arms,
            seeds=chosen.seeds,
            overrides=[f"quantiles.order={order}"],
            out=chosen.out / f"{spec.stem}-{order}",
            on_run=told,
        )
        for spec in chosen.specs
        for order in ORDERS
    }
    text = written(results)
    (chosen.out / "table.md").write_text(text, encoding="utf-8")
    if chosen.page.is_file():
        paste(chosen.page, text)
    print(text)
    return max(result.exit_code for result in results.values())


def told(progress: Progress) -> None:
    """One line a run."""
    print(f"[{progress.number}/{progress.of}] {progress.title}: {progress.action}", file=sys.stderr, flush=True)


def written(results: dict[tuple[str, str], ComparisonResult]) -> str:
    """What was run, the answers in one table, and all of it below."""
    blocks = [made_with(results), answers(results)]
    for (name, order), result in results.items():
        commands = (
            f"    stq compare examples/{name}.yaml --set quantiles.order={order} {asked(result)} -o {shown(result)}"
        )
        blocks += [f"## {name}, {order} heads", commands, comparison_markdown(result).strip()]
    return "\n\n".join(blocks) + "\n"


def answers(results: dict[tuple[str, str], ComparisonResult]) -> str:
    """One row a set, kind of heads and figure: the overall differences."""
    lines = ["| data, heads | figure | " + " | ".join(("first arm", "other arm", "difference", "p")) + " |"]
    lines.append("|---|---|---:|---:|---|---:|")
    for (name, order), result in results.items():
        for row in result.differences:
            if row.overall:
                lines.append(f"| {name}, {order} | {row.title} | {' | '.join(cells(row))} |")
    return "\n".join(lines)


def cells(row: Difference) -> list[str]:
    """Both arms, the difference in words, and p."""
    p = "-" if row.p is None else f"{row.p:.2g}"
    return [value_in_words(row, row.first), value_in_words(row, row.other), difference_in_words(row), p]


def made_with(results: dict[tuple[str, str], ComparisonResult]) -> str:
    """The versions behind the runs: all of them, should they differ."""
    found = set()
    for result in results.values():
        for run in result.runs:
            if run.status != "failed":
                environment = RunFolder(run.run).read_environment()
                packages = environment["packages"]
                names = ("torch", "pytorch-lightning", "numpy")
                libraries = ", ".join(f"{name} {packages[name]}" for name in names if name in packages)
                found.add(f"stq {environment['stq']}, Python {environment['python']}, {libraries}")
    first = next(iter(results.values()))
    return f"`{asked(first)}` on each set; made with {'; '.join(sorted(found))}."


def asked(result: ComparisonResult) -> str:
    """The options that all the comparisons share."""
    return f"--seeds {','.join(map(str, result.seeds))} --arms {','.join(result.arms)}"


def shown(result: ComparisonResult) -> str:
    """The folder, without what lies above the repository."""
    return str(result.out.relative_to(ROOT)) if result.out.is_relative_to(ROOT) else result.out.name


def paste(page: Path, text: str) -> None:
    """Put the text between the marks of the page."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{page} has not both marks, {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
