"""Valid specs, drawn at random, as their text would be read."""

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
TRICKY = st.sampled_from(
    ["1e-3", "012", "0o7", "off", "null", "~", "<<", "1:30", "1995-01", "=", "- a", "a: b", "#x", "é"]
)
WORDS = TEXTS | TRICKY
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
POSITIVE = st.floats(1e-300, 1e300) | st.integers(1, 10**6)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
OPTIONS = st.none() | st.booleans() | NUMBERS | WORDS
RESERVED = {"loss", "name", "weight", "updates", "options"}


@st.composite
def losses(draw: st.DrawFn) -> list[dict[str, object]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    updates = st.none() | st.lists(NAMES, max_size=3, unique=True) | st.dictionaries(NAMES, st.floats(0, 1), max_size=3)
    options = st.dictionaries(NAMES.filter(lambda name: name not in RESERVED), OPTIONS | st.lists(OPTIONS), max_size=2)
    return [
        {"loss": draw(NAMES), "name": name, "weight": draw(POSITIVE), "updates": draw(updates)} | draw(options)
        for name in names
    ]


def searches() -> st.SearchStrategy[dict[str, object]]:
    """What `stq tune` may be told."""
    choices = st.lists(
        OPTIONS | st.lists(OPTIONS) | st.dictionaries(NAMES, OPTIONS, max_size=1), min_size=2, max_size=3
    )
    ranges = st.sampled_from(["log:1e-4..1e-2", "0..1.0", "2..6", "-1..+1e3"])
    keys = st.sampled_from(["optim.lr", "model.width", "losses.0.weight"])
    return st.fixed_dictionaries(
        {"over": st.dictionaries(keys, ranges | choices), "trials": st.integers(1, 99), "prune": st.booleans()}
    )


@st.composite
def specs(draw: st.DrawFn) -> dict[str, object]:
    """A spec as its text would be read; the models are made in the test, since their checks draw random numbers."""
    names = draw(st.lists(WORDS, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names)))
    levels = st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), min_size=1, max_size=4, unique=True)
    dates = {"train": ["1995", "1996-02"], "val": ["1996-03", "1997-01-01"]}
    return {
        "name": draw(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,9}", fullmatch=True)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "data": {
            "source": draw(st.lists(WORDS, min_size=1, max_size=2)),
            "targets": names[:cut],
            "inputs": names[cut:],
            "horizons": sorted(draw(st.sets(st.integers(1, 50), min_size=1, max_size=3))),
            "split": draw(st.sampled_from([dates, {"train": 0.5, "val": 0.25}])),
        },
        "quantiles": draw(st.none() | st.builds(lambda values: {"levels": sorted(values)}, levels)),
        "losses": draw(losses()),
        "groups": draw(st.dictionaries(NAMES, st.lists(WORDS, min_size=1, max_size=2, unique=True), max_size=2)),
        "optim": {
            "lr": draw(POSITIVE),
            "name": draw(st.sampled_from(["adamw", "sgd"])),
            "groups": {draw(NAMES): {"lr": draw(POSITIVE), "name": draw(st.sampled_from([None, "nadam", "rmsprop"]))}},
            "schedule": {"name": draw(st.sampled_from(["cosine", "step", "exponential", "plateau", "one-cycle"]))},
        },
        "init_from": draw(st.none() | WORDS),
        "tune": draw(st.none() | searches()),
    }
