"""Damaged specs: each is read, or refused with a place in the text, and within half a second.

    python tests/bench/fuzz_spec.py --count 5000 --seed 0

The specs of examples/, whole and commented, are damaged by one to six strokes: characters and lines that go, come or
change places, values that become others, brackets and quotes that open and never close, words that are misspelt.
"""

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stq.errors import SpecError
from stq.spec import commented_spec, dump_spec, load_spec, parse_spec

EXAMPLES = Path(__file__).parents[2] / "examples"
SLOWEST = 0.5
WORDS = """
null true false 0 -1 1e999 .nan 1e-3 012 [] {} [[ }} : - ? | > # & * ! % @ ` ' << --- ... ${env:X} ${env:
a.b 1995 1995-13 [1995,1994] mse pinball losses: data: optim.lr !!python/object:os &a *a é 気 " \\
"""
PIECES = (*WORDS.split(), "\t", "\x07", "\x85", "\u2028", "\ufeff", "environment: true\n")
PLACE = re.compile(r"spec:\d+:\d+")


@dataclass(frozen=True)
class Outcome:
    """What became of one text; `fault` is empty where it was read, or refused as it should be."""

    refused: bool
    problems: int
    seconds: float
    fault: str


def originals() -> list[str]:
    """The texts that are damaged."""
    texts = []
    for path in sorted(EXAMPLES.glob("*.yaml")):
        spec = load_spec(path).spec
        texts += [path.read_text(), dump_spec(spec), commented_spec(spec)]
    return texts


def drop_characters(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + text[at + dice.randint(1, 8) :]


def insert_piece(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(PIECES) + text[at:]


def misspell(text: str, dice: random.Random) -> str:
    words = list(re.finditer(r"[a-z_]{3,}", text))
    if not words:
        return text
    word = dice.choice(words)
    at = dice.randrange(word.start(), word.end() - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def change_value(text: str, dice: random.Random) -> str:
    values = list(re.finditer(r"(?<=: )[^\s,}\]]+", text))
    if not values:
        return text
    value = dice.choice(values)
    return text[: value.start()] + dice.choice(PIECES) + text[value.end() :]


def move_line(text: str, dice: random.Random) -> str:
    lines = text.split("\n")
    line = lines.pop(dice.randrange(len(lines)))
    for _ in range(dice.randint(0, 2)):
        lines.insert(dice.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def indent_line(text: str, dice: random.Random) -> str:
    lines = text.split("\n")
    at = dice.randrange(len(lines))
    lines[at] = dice.choice([" ", "  ", "    ", "\t", "- "]) + lines[at] if dice.random() < 0.6 else lines[at].lstrip()
    return "\n".join(lines)


STROKES: Sequence[Callable[[str, random.Random], str]] = (
    drop_characters,
    insert_piece,
    misspell,
    change_value,
    move_line,
    indent_line,
)


def damaged(text: str, dice: random.Random) -> str:
    """The text after some strokes."""
    for _ in range(dice.randint(1, 6)):
        text = dice.choice(STROKES)(text, dice)
    return text


def outcome_of(text: str) -> Outcome:
    """Read it, against the clock of the process, which other programs do not move."""
    begun = time.process_time()
    problems, fault = 0, ""
    try:
        parse_spec(text)
    except SpecError as error:
        problems = len(error.problems)
        for problem in error.problems:
            if not PLACE.fullmatch(problem.where) or "^" not in problem.excerpt:
                fault = f"no place: {problem}"
            elif "Input should" in problem.message or "not a value that can stand here" in problem.message:
                fault = f"pydantic's words: {problem.message}"
    except Exception as error:  # what must not be
        fault = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - begun
    return Outcome(problems > 0, problems, seconds, fault or ("slow" if seconds > SLOWEST else ""))


def fuzz(count: int, seed: int) -> tuple[list[Outcome], list[str]]:
    """So many damaged specs; the second list holds the texts that were handled wrongly, each with its fault."""
    dice, texts = random.Random(seed), originals()
    outcomes, wrong = [], []
    for _ in range(count):
        text = damaged(dice.choice(texts), dice)
        outcomes.append(outcome_of(text))
        if outcomes[-1].fault:
            wrong.append(f"{outcomes[-1].fault} ({outcomes[-1].seconds:.2f} s)\n{text}")
    return outcomes, wrong


def main() -> int:
    """Print what was found; 1 where a text was handled wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    outcomes, wrong = fuzz(asked.count, asked.seed)
    seconds = sorted(each.seconds for each in outcomes)
    refused = sum(each.refused for each in outcomes)
    print(f"{len(outcomes)} texts: {refused} refused with {sum(each.problems for each in outcomes)} problems")
    print(f"seconds: median {seconds[len(seconds) // 2]:.3f}, slowest {seconds[-1]:.3f}")
    print(f"handled wrongly: {len(wrong)}")
    for text in wrong[:5]:
        print("-" * 72, text, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
