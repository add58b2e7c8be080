"""What the parts of every registered method say of themselves: nothing is missing, and no setting goes unexplained."""

from __future__ import annotations

from dataclasses import fields

import pytest

from optimizers.exact_llqr import ExactLLQR
from optimizers.fsam import PastFSAM
from optimizers.methods import METHODS, MORE_METHODS, NETWORK_METHODS, Method
from optimizers.metrics import ParameterMetric

REGISTERED = {
    **{f"{name} on surfaces": method for name, method in {**METHODS, **MORE_METHODS}.items()},
    **{f"{name} on networks": method for name, method in NETWORK_METHODS.items()},
    "past FSAM": Method(probe=PastFSAM()),
    "exact LLQR": Method(preconditioner=ExactLLQR()),
    "a metric": Method(preconditioner=ParameterMetric()),
}


@pytest.mark.parametrize("name", REGISTERED)
def test_every_method_says_what_it_is(name: str) -> None:
    method = REGISTERED[name]
    parts = method.telling_parts
    assert parts and all(method.formulas.values())
    for part in parts.values():
        about = part.about
        assert about.what.endswith(".") and about.sources and about.identities and about.traps
        assert all(source.title for source in about.sources)
        assert all(source.address == "" or source.address.startswith("https://") for source in about.sources)
        assert all(sentence.endswith(".") for sentence in (*about.identities, *about.traps))


@pytest.mark.parametrize("name", REGISTERED)
def test_every_setting_is_explained_and_no_other(name: str) -> None:
    for part in REGISTERED[name].telling_parts.values():
        assert set(part.about.settings) - {"momentum"} == {field.name for field in fields(part)}


def test_what_a_method_keeps_is_what_its_state_says() -> None:
    """A part that says that it keeps nothing begins with nothing, and one that says what has something."""
    import torch

    theta = torch.zeros(6, dtype=torch.float64)
    for name, method in REGISTERED.items():
        probe, mix, outer = method.probe.memory(theta), method.mix.memory(theta), method.outer.start(theta)
        for part, kept in ((method.mix, mix), (method.outer, outer)):
            assert (kept is None) == (not part.about.state), (name, part)
        assert probe is None or method.probe.about.state, name


def test_the_parts_that_tell_are_those_that_do_something() -> None:
    assert list(METHODS["SGDM"].telling_parts) == ["outer"]
    assert list(METHODS["SAM"].telling_parts) == ["probe"]
    assert list(METHODS["LLQR+SAM"].telling_parts) == ["probe", "preconditioner"]
    assert list(NETWORK_METHODS["LookSAM"].telling_parts) == ["probe", "mix"]
    assert list(MORE_METHODS["AdamW"].telling_parts) == ["outer"]


def test_where_adam_and_llqr_meet_both_say_it() -> None:
    """Its twin in numbers: test_identities.test_adam_is_blind_to_a_constant_diagonal_u."""
    for name in ("Adam", "AdamW", "LLQR", "LLQR+SAM"):
        said = " ".join(s for part in NETWORK_METHODS[name].telling_parts.values() for s in part.about.identities)
        assert "diagonal U that stays constant" in said, name
