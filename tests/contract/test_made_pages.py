"""The pages that are made from the code are what it makes today."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.text import Text
from support.made_pages import MADE_PAGES
from support.terminal_picture import terminal_svg

from stq.app import list_losses
from stq.spec import commented_spec, parse_spec

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", MADE_PAGES)
def test_a_made_page_is_what_make_docs_writes(name: str) -> None:
    assert (DOCS / name).read_text() == MADE_PAGES[name](), "run `make docs`"


def test_every_key_that_init_writes_stands_on_the_page_of_the_spec() -> None:
    text = (DOCS / "spec.md").read_text()
    spec = parse_spec("data: {source: some.nc, targets: [air]}\nlosses: [mse]\n").spec
    lines = [line.strip(" #") for line in commented_spec(spec).splitlines()]
    keys = {line.partition(":")[0] for line in lines if ":" in line and line.partition(":")[0].isidentifier()}
    known = [key for key in keys if any(key in names for names in _keys_of(spec))]
    assert len(known) > 60
    assert [key for key in known if f"{key}`" not in text] == []


def _keys_of(section: object) -> list[set[str]]:
    """The keys of a section and of all below it."""
    fields = getattr(type(section), "model_fields", None)
    if fields is None:
        return []
    return [set(fields), *(keys for name in fields for keys in _keys_of(getattr(section, name)))]


def test_every_built_in_loss_has_its_section_with_all_its_options() -> None:
    sections = (DOCS / "losses.md").read_text().split("\n## ")[1:]
    by_name = {section.partition("\n")[0]: section for section in sections}
    built_in = {card.name: card for card in list_losses() if card.distribution == "stq"}
    assert by_name.keys() == built_in.keys()
    for name, card in built_in.items():
        assert card.text in by_name[name]
        assert all(f"| `{option}` |" in by_name[name] for option in card.options)


def test_the_picture_of_the_terminal_shows_both_commands_and_fetches_nothing() -> None:
    picture = (DOCS / "img" / "terminal.svg").read_text()
    words = "".join(ET.fromstring(picture).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert all(word in words for word in ("stq check-grads", "stq eval", "blocked", "calibrated", "verdict"))
    assert "@import" not in picture
    assert "url(http" not in picture
    assert 'url("http' not in picture


def test_the_same_screen_is_the_same_picture() -> None:
    screens = [("stq eval runs/demo", Text("all is well", style="green"))]
    assert terminal_svg(screens) == terminal_svg(screens)
