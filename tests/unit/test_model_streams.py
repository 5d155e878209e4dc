"""Random streams with names."""

import torch

from stq.models._streams import stream, stream_seed


def draw(seed: int, name: str) -> torch.Tensor:
    with stream(seed, name):
        return torch.rand(4)


def test_a_stream_gives_the_same_numbers_whatever_was_drawn_before() -> None:
    first = draw(7, "convlstm")
    torch.manual_seed(99)
    torch.rand(3)
    assert torch.equal(draw(7, "convlstm"), first)


def test_streams_of_other_names_or_seeds_are_others() -> None:
    draws = [draw(7, "convlstm"), draw(7, "central_heads.0"), draw(8, "convlstm"), draw(71, "convlstm")]
    assert all(not torch.equal(a, b) for i, a in enumerate(draws) for b in draws[:i])


def test_the_callers_generator_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    draw(7, "convlstm")
    assert torch.equal(torch.rand(2), expected)


def test_seeds_of_streams_never_change_between_versions() -> None:
    assert stream_seed(7, "convlstm") == 4360250309060321054
