"""Reading a table of controls, and the links that hold what was read: one way for every page and every request.

    reader = Reader(raw)                        # a posted object, values of JSON
    reader = Reader.of_link(query)              # a query string, values as text
    state = {control.name: reader.read(control) for control in table}
    reader.reading(state)                       # the whole state, and all that has to be said of it

Read leniently: a value out of range is clamped, a wrong one is replaced by what stands in for it, a key that means
nothing is left out, each with a sentence. Who wants it right and not mended asks for `Reading.faults()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode

from app.state.control import Control, Unusable, shorten

State = dict[str, Any]
"""Values by the names of their controls."""
LONGEST_LINK = 8_192
"""Characters of a query string that are read."""
MOST_SENTENCES = 12
SHOWN_KEYS = 3
"""Unknown keys that a sentence names."""


class BadRequest(ValueError):
    """A request that cannot be answered: one sentence per problem, to be shown as they are."""

    status = 422
    """The answer's; 429 and 503 where it may be asked again."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems[:MOST_SENTENCES]


@dataclass(frozen=True)
class Notice:
    """A control that was clamped: its name, the value that is used, and the sentence that says so."""

    name: str
    value: Any
    sentence: str

    @property
    def fault(self) -> str:
        """What was wrong, without what is used in its place."""
        return self.sentence.partition(";")[0] + "."


@dataclass(frozen=True)
class Reading:
    """A whole state, complete and in range, and what was found on the way.

    notices: values that were clamped;  problems: values of the wrong type or that do not exist (others stand in);
    unknown: keys that mean nothing, and were left out;  source: what held them, "link" or "request".
    """

    state: State
    notices: tuple[Notice, ...]
    problems: tuple[str, ...]
    unknown: tuple[str, ...]
    source: str

    @property
    def left_out(self) -> list[str]:
        """One sentence on the keys that were left out; none where there are none."""
        return [f"{said} and is left out." for said in self._meaningless()]

    def checked(self) -> Self:
        """Itself; BadRequest where a value has the wrong type or does not exist."""
        if self.problems:
            raise BadRequest(*self.problems)
        return self

    def sentences(self) -> list[str]:
        """All that was changed to get a whole state, for who is shown the picture all the same."""
        return [*self.problems, *self.left_out, *(notice.sentence for notice in self.notices)][:MOST_SENTENCES]

    def faults(self) -> list[str]:
        """All that is wrong, for who refuses it: without what stands in for it."""
        return [
            *self.problems,
            *(f"{said}." for said in self._meaningless()),
            *(notice.fault for notice in self.notices),
        ]

    def _meaningless(self) -> list[str]:
        if not self.unknown:
            return []
        names = ", ".join(f"“{shorten(name)}”" for name in self.unknown[:SHOWN_KEYS])
        more = f" and {len(self.unknown) - SHOWN_KEYS} more" if len(self.unknown) > SHOWN_KEYS else ""
        return [f"The {self.source} holds {names}{more}, which means nothing here"]


class Reader:
    """Takes controls' values out of what came from outside, and keeps what has to be said of them."""

    def __init__(self, raw: Mapping[str, Any], source: str = "request") -> None:
        self.raw = raw
        self.source = source
        self.notices: list[Notice] = []
        self.problems: list[str] = []
        self._known: set[str] = set()

    @classmethod
    def of_link(cls, query: str) -> Reader:
        """Of a query string, with or without its question mark; the last value of a key that stands twice counts."""
        return cls(dict(_pairs(query)), "link")

    @classmethod
    def of_posted(cls, raw: Mapping[str, Any]) -> Reader:
        """Of a posted link (`query`), or of a part of a state (`state`)."""
        query, state = raw.get("query", ""), raw.get("state")
        if state is None and isinstance(query, str):
            return cls.of_link(query)
        if isinstance(state, dict):
            return cls(state)
        raise BadRequest("The link must be text, or the state an object.")

    def holds(self, control: Control) -> bool:
        """Whether there is a value of it."""
        return control.name in self.raw

    def read(self, control: Control, fallback: Any = None) -> Any:
        """The control's value: what was given, or the fallback (the control's default if that is None) in its place."""
        self._known.add(control.name)
        fallback = control.default if fallback is None else fallback
        if control.name in self.raw:
            raw = self.raw[control.name]
            try:
                value, notice = control.read(control.parse(raw) if self.source == "link" else raw)
            except Unusable as error:
                self.problems.extend(error.sentences)
                return control.read(fallback)[0] if error.instead is None else error.instead
            except (TypeError, ValueError) as error:
                self.problems.append(str(error))
            else:
                if notice:
                    self.notices.append(Notice(control.name, value, notice))
                return value
        return control.read(fallback)[0]

    def know(self, *names: str) -> None:
        """Say that these keys have a meaning, though no control reads them."""
        self._known.update(names)

    def reading(self, state: State) -> Reading:
        """The state with all that was found on the way to it."""
        unknown = tuple(name for name in self.raw if name not in self._known)
        return Reading(state, tuple(self.notices), tuple(self.problems), unknown, self.source)

    def check(self) -> None:
        """BadRequest where anything was wrong so far."""
        if self.problems:
            raise BadRequest(*self.problems)


def read_values(raw: Mapping[str, Any], controls: Iterable[Control]) -> tuple[State, tuple[Notice, ...]]:
    """(value by name, notices) of a few controls in a posted object that holds more; BadRequest where one is wrong."""
    reader = Reader(raw)
    values = {control.name: reader.read(control) for control in controls}
    reader.check()
    return values, tuple(reader.notices)


def write_link(state: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> str:
    """The query string, with its question mark, of a state: what differs from `base`, the state that a link without it
    stands for. Without a base every key, so that a file's link shows the same picture when a default changes later."""
    base = base or {}
    differing = {name for name, value in state.items() if name not in base or base[name] != value}
    if any(name.startswith("surface.") for name in differing):  # with which a surface's own start may move
        differing |= {name for name in state if name.startswith("start_")}
    pairs = [(name, _text(value)) for name, value in state.items() if name in differing]
    return "?" + urlencode(pairs, quote_via=quote, safe=",.")


def repeated(query: str) -> list[str]:
    """The keys that a query string gives more than once."""
    names = [name for name, _ in _pairs(query)]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query.lstrip("?")[:LONGEST_LINK], keep_blank_values=True)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else repr(value)
