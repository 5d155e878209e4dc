"""Beartype as the tests use it: an int may stand for a float, as in every type checker."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
