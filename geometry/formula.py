"""Reading a formula of x and y that a person typed: text in, a tape or one sentence out.

    formula = sum of terms;  term = product of signed powers;  power = atom [^ signed power];
    atom = number | x | y | pi | e | function(formula, …) | (formula)

Nothing of the text is ever run: it is taken apart here, and what is not in the grammar is refused. Length, depth and
the number of operations are bounded, so that reading and walking a formula are quick whatever it holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache, reduce

from geometry.tape import Entry, Operation, Tape

LONGEST = 240
"""Characters of a formula."""
DEEPEST = 24
"""Brackets, signs and powers within each other."""
MOST_OPERATIONS = 80
"""Entries of a formula's tape."""

CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[str, tuple[Operation, Callable[[float], float]]] = {
    "sin": (Operation.SIN, math.sin),
    "cos": (Operation.COS, math.cos),
    "tan": (Operation.TAN, math.tan),
    "exp": (Operation.EXP, math.exp),
    "log": (Operation.LOG, math.log),
    "ln": (Operation.LOG, math.log),
    "sqrt": (Operation.SQRT, math.sqrt),
    "abs": (Operation.ABS, abs),
    "tanh": (Operation.TANH, math.tanh),
    "sinh": (Operation.SINH, math.sinh),
    "cosh": (Operation.COSH, math.cosh),
    "asin": (Operation.ASIN, math.asin),
    "acos": (Operation.ACOS, math.acos),
    "atan": (Operation.ATAN, math.atan),
}
CHOICES: dict[str, tuple[Operation, Callable[[float, float], float]]] = {
    "min": (Operation.MINIMUM, min),
    "max": (Operation.MAXIMUM, max),
}
KNOWN = f"x, y, {', '.join(CONSTANTS)}, {', '.join(FUNCTIONS)}, {', '.join(CHOICES)}"
WRITTEN_OTHERWISE = {"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "π": "pi", "²": "^2", "³": "^3", "**": "^"}
TOKEN = re.compile(r"\s*(?:((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|(.))", re.DOTALL)
SIGNS = "+-*/^(),"

Term = float | int
"""A constant (float), or the place of an entry on the tape (int)."""


@lru_cache(maxsize=256)
def read_formula(text: str) -> Tape:
    """The tape of a formula such as "0.15*(x^2 + y^2) - exp(-x^2)". ValueError with one sentence on anything else."""
    if not isinstance(text, str):
        raise ValueError("The formula must be text.")
    if len(text) > LONGEST:
        raise ValueError(f"The formula has {len(text)} characters; at most {LONGEST} are read.")
    return _Reader(_tokens(text)).tape()


def _tokens(text: str) -> list[str]:
    for other, sign in WRITTEN_OTHERWISE.items():
        text = text.replace(other, sign)
    found = []
    for number, name, sign in TOKEN.findall(text.strip()):
        if sign and sign not in SIGNS:
            shown = f"“{sign}”" if sign.isprintable() else "an invisible character"
            raise ValueError(f"The formula holds {shown}, which means nothing in it.")
        found.append(number or name or sign)
    return found


class _Reader:
    """Goes through the tokens once and writes the tape; equal parts are computed once."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.entries: dict[Entry, int] = {}

    def tape(self) -> Tape:
        if not self.tokens:
            raise ValueError("The formula is empty; write for example 0.15*(x^2 + y^2).")
        value = self._sum()
        if self.next:
            raise ValueError(self._misplaced())
        if isinstance(value, float):
            raise ValueError("The formula must hold x or y.")
        return Tape(tuple(self.entries)[: value + 1])  # an entry reads earlier ones only

    @property
    def next(self) -> str:
        """The next token; "" at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self) -> str:
        token = self.next
        self.place += 1
        return token

    def _misplaced(self) -> str:
        before = self.tokens[self.place - 1] if self.place else ""
        if not self.next:
            return f"The formula ends too early, after “{before}”." if before else "The formula ends too early."
        if self.next == ")":
            return "The formula closes a bracket that it does not open."
        if (before and self.next not in SIGNS) or self.next == "(":
            return f"The formula needs a sign between “{before}” and “{self.next}”, such as *."
        return f"The formula holds “{self.next}” where a number, x or y is wanted."

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError(f"The formula has more than {DEEPEST} brackets, signs and powers within each other.")

    def _sum(self) -> Term:
        value = self._product()
        while self.next in ("+", "-"):
            sign, other = self._take(), self._product()
            value = self._add(value, other) if sign == "+" else self._subtract(value, other)
        return value

    def _product(self) -> Term:
        value = self._signed()
        while self.next in ("*", "/"):
            sign, other = self._take(), self._signed()
            value = self._multiply(value, other if sign == "*" else self._power(other, -1.0))
        return value

    def _signed(self) -> Term:
        if self.next not in ("+", "-"):
            return self._raised()
        self._deeper()
        sign, value = self._take(), self._signed()
        self.depth -= 1
        return self._multiply(value, -1.0) if sign == "-" else value

    def _raised(self) -> Term:
        value = self._atom()
        if self.next != "^":
            return value
        self._deeper()
        self._take()
        exponent = self._signed()
        self.depth -= 1
        return self._power(value, exponent)

    def _atom(self) -> Term:
        token = self.next
        if token == "(":
            (value,) = self._bracket()
            return value
        if not token or token in SIGNS:
            raise ValueError(self._misplaced() if token != ")" else "The formula has nothing before “)”.")
        self._take()
        if token[0].isdigit() or token[0] == ".":
            return self._constant(float, token)
        if token in ("x", "y"):
            return self._write(Entry(Operation.X if token == "x" else Operation.Y))
        if token in CONSTANTS:
            return CONSTANTS[token]
        if token not in FUNCTIONS and token not in CHOICES:
            raise ValueError(f"The formula holds “{token[:20]}”, which it does not know; it knows {KNOWN}.")
        if self.next != "(":
            raise ValueError(f"The formula needs a bracket after “{token}”, as in {token}(x).")
        values = self._bracket()
        return self._call(token, values)

    def _bracket(self) -> list[Term]:
        """What stands between brackets, with commas between where there are several values."""
        before = self.tokens[self.place - 1] if self.place else ""
        several = before in CHOICES
        self._deeper()
        self._take()
        values = [self._sum()]
        while several and self.next == ",":
            self._take()
            values.append(self._sum())
        if self.next != ")":
            if self.next == ",":
                raise ValueError("The formula has a comma where none belongs; decimals are written with a point.")
            raise ValueError(self._misplaced() if self.next else "The formula opens a bracket that it does not close.")
        self._take()
        self.depth -= 1
        return values

    def _call(self, name: str, values: list[Term]) -> Term:
        if name in CHOICES:
            if len(values) < 2:
                raise ValueError(f"The formula needs two values in {name}, as in {name}(x, y).")
            return reduce(lambda a, b: self._choose(name, a, b), values)
        operation, plain = FUNCTIONS[name]
        (value,) = values
        if isinstance(value, float):
            return self._constant(plain, value)
        return self._write(Entry(operation, value))

    def _choose(self, name: str, a: Term, b: Term) -> Term:
        operation, plain = CHOICES[name]
        if isinstance(a, float) and isinstance(b, float):
            return plain(a, b)
        return self._write(Entry(operation, self._written(a), self._written(b)))

    def _written(self, value: Term) -> int:
        """The place of a value that is a constant: 0 · x + constant."""
        if isinstance(value, int):
            return value
        nothing = self._write(Entry(Operation.SCALE, self._write(Entry(Operation.X)), 0, 0.0))
        return self._write(Entry(Operation.SHIFT, nothing, 0, value))

    def _add(self, a: Term, b: Term) -> Term:
        if isinstance(a, float) and isinstance(b, float):
            return self._constant(lambda _: a + b, 0.0)
        if isinstance(a, float):
            a, b = b, a
        if isinstance(b, float):
            return a if b == 0 else self._write(Entry(Operation.SHIFT, int(a), 0, b))
        return self._write(Entry(Operation.ADD, int(a), b))

    def _subtract(self, a: Term, b: Term) -> Term:
        if isinstance(a, float) or isinstance(b, float):
            return self._add(a, self._multiply(b, -1.0))
        return self._write(Entry(Operation.SUBTRACT, a, b))

    def _multiply(self, a: Term, b: Term) -> Term:
        if isinstance(a, float) and isinstance(b, float):
            return self._constant(lambda _: a * b, 0.0)
        if isinstance(a, float):
            a, b = b, a
        if isinstance(b, float):
            return a if b == 1 else self._write(Entry(Operation.SCALE, int(a), 0, b))
        return self._write(Entry(Operation.MULTIPLY, int(a), b))

    def _power(self, a: Term, b: Term) -> Term:
        if isinstance(a, float) and isinstance(b, float):
            return self._constant(lambda _: math.pow(a, b), 0.0)
        if isinstance(b, float):
            if b in (0.0, 1.0):
                return 1.0 if b == 0 else a
            return self._write(Entry(Operation.POWER, int(a), 0, b))
        # a^b = exp(b log a): defined where a is positive
        if isinstance(a, float):
            return self._write(Entry(Operation.EXP, self._written(self._multiply(b, self._constant(math.log, a)))))
        logarithm = self._write(Entry(Operation.LOG, a))
        return self._write(Entry(Operation.EXP, self._written(self._multiply(b, logarithm))))

    def _constant(self, compute: Callable[..., float], value: float | str) -> float:
        """A constant that is worked out now; refused where it is no finite number."""
        try:
            number = float(compute(value))
        except (ValueError, OverflowError, ZeroDivisionError):
            number = math.nan
        if not math.isfinite(number):
            raise ValueError("The formula holds a part without x and y that is no finite number.")
        return number

    def _write(self, entry: Entry) -> int:
        if entry not in self.entries:
            if len(self.entries) >= MOST_OPERATIONS:
                raise ValueError(f"The formula has more than {MOST_OPERATIONS} operations.")
            self.entries[entry] = len(self.entries)
        return self.entries[entry]
