"""PyTorch's own operator tests: each entry with a derivative in float64 agrees, or is left out by name.

Value, gradient and, where PyTorch has one, second derivative. `python tests/torch_share.py` prints the share.
"""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")

from torch_sample_set import LEFT_OUT, TRANSLATIONS, agree, by_name, entries

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_every_entry_is_translated_or_left_out_by_name():
    assert not set(TRANSLATIONS) & set(LEFT_OUT)
    assert set(entries()) == set(TRANSLATIONS) | set(LEFT_OUT)


@pytest.mark.parametrize("name", sorted(TRANSLATIONS))
def test_it_agrees(name):
    assert agree(name, TRANSLATIONS[name]), f"no sample of {name} could be compared: leave it out by name"


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_what_is_left_out_has_to_be(name):
    translation = by_name(name)
    if translation is None:
        return  # no function of that name: it would have to be written first
    try:
        compared = agree(name, translation)
    except Exception:  # noqa: BLE001  it may fail in any way
        return
    assert not compared, f"{name} agrees with PyTorch: take it off the list"
