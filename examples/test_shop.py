"""Tests that miss some of shop.py. `pytest --pykcov=shop examples/test_shop.py` shows what."""

import shop


def test_plain() -> None:
    assert shop.total({"pen": 250, "ink": 900}) == 1150


def test_half() -> None:
    assert shop.total({"pen": 250}, "HALF") == 125
