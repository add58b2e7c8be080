"""The page Methods: every registered method stands on it, with all that its parts say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.network.controls import read_network_link
from app.toy.methods_page import anchor, every_method, layout, tables
from app.toy.request import read_link
from optimizers import FSAM, METHODS, Method
from optimizers.exact_llqr import ExactLLQR
from optimizers.methods import NETWORK_METHODS, toy_methods
from optimizers.sparse_sam import SSAMF

HEADS = ["Probe", "Gradient used", "Preconditioner", "Outer rule", "Cost", "Keeps", "Identities", "Traps", "Sources"]


def parts_of(node: Any) -> Iterator[Any]:
    """The node and all below it: components, and texts."""
    yield node
    children = getattr(node, "children", None)
    for child in children if isinstance(children, list) else [children]:
        if child is not None:
            yield from parts_of(child)


def text_of(node: Any) -> str:
    return "".join(part for part in parts_of(node) if isinstance(part, str))


def cards() -> dict[str, Any]:
    """The section of each method by its id."""
    return {p.id: p for p in parts_of(layout()) if getattr(p, "className", "") == "method-card"}


def facts_of(card: Any) -> dict[str, str]:
    """Head → what stands beside it."""
    (facts,) = [p for p in parts_of(card) if getattr(p, "className", "") == "method-facts"]
    heads, bodies = facts.children[::2], facts.children[1::2]
    return {text_of(head): text_of(body) for head, body in zip(heads, bodies, strict=True)}


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return cards()


def test_each_method_has_one(written: dict[str, Any]) -> None:
    names = {*toy_methods(), *NETWORK_METHODS}
    assert list(written) == [anchor(name) for names in (every_in_order(),) for name in names]
    assert len(written) == len(names)


def every_in_order() -> list[str]:
    """The methods as the page's list has them: those of the paper, then group by group."""
    links = [p.href for p in parts_of(layout()) if str(getattr(p, "href", "")).startswith("#")]
    by_anchor = {f"#{anchor(name)}": name for name in every_method()}
    return [by_anchor[link] for link in links]


@pytest.mark.parametrize("name", every_method())
def test_it_has_every_field_in_the_words_of_its_parts(written: dict[str, Any], name: str) -> None:
    toy, network = every_method()[name]
    method = toy or network
    assert method is not None
    facts, said = facts_of(written[anchor(name)]), text_of(written[anchor(name)])
    assert list(facts) == HEADS and all(facts.values())
    assert [facts[head] for head in HEADS[:4]] == list(method.formulas.values())
    for part in method.telling_parts.values():
        about = part.about
        words = [about.what, about.cost, *about.identities, *about.traps, *about.settings.values()]
        assert [one for one in words if one not in said] == []
        assert [source.title for source in about.sources if source.title not in said] == []
    figures = [p for p in parts_of(written[anchor(name)]) if str(getattr(p, "className", "")).endswith("miniature")]
    assert len(figures) == (toy is not None) and (name in tables()["methods"]) == (toy is not None)


@pytest.mark.parametrize("name", every_method())
def test_its_links_lead_where_it_walks(written: dict[str, Any], name: str) -> None:
    toy, network = every_method()[name]
    links = [p.href for p in parts_of(written[anchor(name)]) if str(getattr(p, "href", "")).startswith("/")]
    assert len(links) == (toy is not None) + (network is not None)
    for link in links:
        path, query = link.split("?")
        read = {"/": read_link, "/network": read_network_link}[path]
        reading = read(query)
        assert not reading.sentences() and name in reading.state["methods"]


def test_costs_and_states_are_those_of_the_method(written: dict[str, Any]) -> None:
    facts = {name: facts_of(written[anchor(name)]) for name in ("SGDM", "SAM", "LookSAM", "LLQR+SAM", "GD", "SSAM-F")}
    assert facts["SGDM"]["Cost"] == "One gradient a step."
    assert facts["SAM"]["Cost"] == "2 gradients a step."
    assert facts["LookSAM"]["Cost"] == "1.2 gradients a step.", "two at every fifth step"
    assert facts["LLQR+SAM"]["Cost"].startswith("2 gradients a step. At each refresh of U 1 gradient and 50 curvature")
    assert facts["SSAM-F"]["Cost"].endswith(SSAMF.about.cost)
    assert facts["GD"]["Keeps"] == "Nothing."
    assert facts["LLQR+SAM"]["Keeps"].endswith("; v, one number for each parameter.")


def test_another_line_in_the_registry_is_another_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "My own", Method(probe=FSAM(), preconditioner=ExactLLQR(damping=0.5)))
    card = cards()["method-my-own"]
    facts = facts_of(card)
    assert list(facts) == HEADS and "r = g − ḡ" in facts["Probe"] and facts["Preconditioner"] == "U = (G + λI)⁻¹"
    assert "damping = 0.5" in text_of(card)
