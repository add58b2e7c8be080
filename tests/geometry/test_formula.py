"""A typed formula: read or refused with a sentence, and its derivatives against torch's."""

import math
import time

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geometry.compiled_tape import tape_derivatives
from geometry.formula import DEEPEST, LONGEST, MOST_OPERATIONS, read_formula

FUNCTIONS = {
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
}
POINTS = np.random.default_rng(0).uniform(-3, 3, (40, 2))


def read(text):
    """(tape, "") of a formula, (None, sentence) of any other text."""
    try:
        return read_formula(text), ""
    except ValueError as error:
        return None, str(error)


def text_and_torch(depth):
    """Strategy for (formula as text, the same as a function of two tensors), written without the reader's help."""
    leaf = st.one_of(
        st.just(("x", lambda x, _: x)),
        st.just(("y", lambda _, y: y)),
        st.floats(0.1, 4.0).map(lambda v: (f"{v:.3f}", lambda x, _: torch.full_like(x, float(f"{v:.3f}")))),
    )
    if depth == 0:
        return leaf
    inner = text_and_torch(depth - 1)

    def call(name, a):
        return f"{name}({a[0]})", lambda x, y: FUNCTIONS[name](a[1](x, y))

    def join(sign, a, b):
        by = {"+": torch.add, "-": torch.subtract, "*": torch.multiply, "/": torch.divide}[sign]
        return f"({a[0]}) {sign} ({b[0]})", lambda x, y: by(a[1](x, y), b[1](x, y))

    def choose(name, a, b):
        by = {"min": torch.minimum, "max": torch.maximum}[name]
        return f"{name}({a[0]}, {b[0]})", lambda x, y: by(a[1](x, y), b[1](x, y))

    def power(a, c):
        return f"({a[0]})^{c}", lambda x, y: a[1](x, y) ** float(c)

    return st.one_of(
        leaf,
        st.builds(call, st.sampled_from(sorted(FUNCTIONS)), inner),
        st.builds(join, st.sampled_from("+-*/"), inner, inner),
        st.builds(choose, st.sampled_from(("min", "max")), inner, inner),
        st.builds(power, inner, st.sampled_from(("2", "3", "0.5", "1.5", "-1", "4"))),
        inner.map(lambda a: (f"-({a[0]})", lambda x, y: -a[1](x, y))),
    )


@settings(max_examples=150, deadline=None)
@given(text_and_torch(3))
@example(("(x)^2", lambda x, _: x**2))
def test_value_gradient_and_hessian_are_torchs(made):
    """Where all of them are moderate: beyond, torch's own order of operations overflows elsewhere."""
    text, function = made
    tape, said = read(text)
    if tape is None:
        assert any(word in said for word in ("must hold x or y", "no finite number", "operations", "characters"))
        return
    x, y = torch.tensor(POINTS.T)
    loss = function(x, y)
    first = torch.func.vmap(torch.func.grad(lambda p: function(p[0], p[1])))(torch.tensor(POINTS))
    second = torch.func.vmap(torch.func.hessian(lambda p: function(p[0], p[1])))(torch.tensor(POINTS))
    told = np.column_stack([loss, first, second[:, 0, 0], second[:, 0, 1], second[:, 1, 1]])
    usable = np.isfinite(told).all(axis=1) & (np.abs(told).max(axis=1) < 1e5)
    packed = tape.packed()
    compiled = np.array([tape_derivatives(packed, *point) for point in POINTS])
    readable = np.stack(tape.derivatives(POINTS[:, 0], POINTS[:, 1]), axis=-1)
    np.testing.assert_allclose(compiled[usable], told[usable], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(readable[usable], told[usable], rtol=1e-6, atol=1e-7)
    value = tape.value(POINTS[:, 0], POINTS[:, 1])
    np.testing.assert_array_equal(np.isfinite(value), np.isfinite(compiled[:, 0]), err_msg="holes are the same")
    hole = ~np.isfinite(value)
    assert np.isnan(compiled[hole]).all() and np.isnan(readable[hole]).all()


SAME = [
    ("-x^2", "0 - (x*x)"),
    ("2^-1*x", "0.5*x"),
    ("x^2^3", "x^8"),
    ("x - y - 1", "(x - y) - 1"),
    ("x/y/2", "x/(2*y)"),
    ("x ** 2", "x²"),
    ("2·x − 3×y", "2*x-3*y"),
    ("sin(π*x)", "sin(pi*x)"),
    ("ln(x^2 + 1)", "log(1 + x^2)"),
    ("2^x", "exp(x*log(2))"),
    ("(x^2)^y", "exp(y*log(x^2))"),
    ("max(x, y, 1)", "max(max(x, y), 1)"),
    ("+x", "x^1"),
    ("1e-1*x + .5", "0.1*x + 0.5"),
    ("x*e^1", "exp(1)*x"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_precedence_and_other_spellings(one, other):
    x, y = np.array([0.3, 1.7, 2.2]), np.array([0.9, 0.4, 3.1])
    np.testing.assert_allclose(read_formula(one).value(x, y), read_formula(other).value(x, y), rtol=1e-14)


REFUSED = [
    ("", "is empty"),
    ("   ", "is empty"),
    ("3", "must hold x or y"),
    ("x^0", "must hold x or y"),
    ("x +", "ends too early, after “+”"),
    ("(x", "opens a bracket that it does not close"),
    ("x)", "closes a bracket that it does not open"),
    ("2x", "needs a sign between “2” and “x”"),
    ("x (y)", "needs a sign between “x” and “(”"),
    ("sin x", "needs a bracket after “sin”"),
    ("sin()", "nothing before “)”"),
    ("sin(x, y)", "comma where none belongs"),
    ("1,5*x", "“,”"),
    ("min(x)", "two values in min"),
    ("* x", "“*” where a number"),
    ("z + x", "“z”, which it does not know"),
    ("nan*x", "“nan”, which it does not know"),
    ("inf + x", "“inf”, which it does not know"),
    ("__import__('os').system('ls')", "“'”"),
    ("__import__(x)", "“__import__”"),
    ("x.real", "“.”"),
    ("x.__class__", "“.”"),
    ("lambda: x", "“:”"),
    ("[x for x in y]", "“[”"),
    ("x if x else y", "needs a sign between"),
    ("x = 1", "“=”"),
    ("x; y", "“;”"),
    ("x\x00", "an invisible character"),
    ("x + \N{MATHEMATICAL ITALIC SMALL X}", "means nothing"),
    ("ｘ + y", "means nothing"),
    ("9**9**9 + x", "no finite number"),
    ("9^9^9^9^9^9*x", "no finite number"),
    ("1e999*x", "no finite number"),
    ("x/0", "no finite number"),
    ("log(-1)*x", "no finite number"),
    ("(" * 100 + "x" + ")" * 100, f"more than {DEEPEST}"),
    ("-" * 200 + "x", f"more than {DEEPEST}"),
    ("x^" * 100 + "x", f"more than {DEEPEST}"),
    ("sin(" * 30 + "x" + ")" * 30, f"more than {DEEPEST}"),
    ("x+" * 300 + "x", f"at most {LONGEST} are read"),
    ("+".join(f"x^{k}" for k in range(2, 50)), f"more than {MOST_OPERATIONS}"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_formula_is_refused_with_one_sentence(text, words):
    with pytest.raises(ValueError, match=r"^The formula ") as caught:
        read_formula(text)
    said = str(caught.value)
    assert words in said and said.endswith(".") and "\n" not in said and len(said) < 250


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.text(alphabet="xyepi0123456789.+-*/^(), sincotaqrlgbhmx_[]:'\"=\x00²π", max_size=LONGEST + 5),
        st.lists(
            st.sampled_from(["x", "y", "9", "^", "**", "(", ")", "-", "*", "/", ",", "exp(", "min(", "log(", "1e300"]),
            max_size=90,
        ).map("".join),
    )
)
def test_any_text_is_read_or_refused(text):
    """Nothing else is raised, and nothing takes long: processor time, which neighbours do not lengthen."""
    begun = time.process_time()
    tape, said = read(text)
    if tape is None:
        assert said.startswith("The formula ") and said.endswith(".")
    else:
        assert 1 <= len(tape.entries) <= MOST_OPERATIONS
        values = tape_derivatives(tape.packed(), 0.3, -0.7)
        assert all(isinstance(value, float) for value in values)
    assert time.process_time() - begun < 5, "a bound on what hangs"


def test_equal_parts_are_computed_once():
    assert len(read_formula("(x^2 + y)*(x^2 + y) + sin(x^2 + y)").entries) == 7


def test_kinks_and_roots_have_a_slope_of_zero_where_there_is_none():
    for text in ("abs(x)", "sqrt(x^2 + y^2)", "(x^2)^1.5"):
        found = tape_derivatives(read_formula(text).packed(), 0.0, 0.0)
        assert found == (0.0,) * 6, text
        readable = read_formula(text).derivatives(np.zeros(1), np.zeros(1))
        np.testing.assert_array_equal(np.concatenate(readable), 0.0)


def test_what_is_not_defined_stays_so_through_a_choice():
    for text in ("min(log(x), 1)", "max(1, log(x))", "min(1, log(x))", "max(log(x), 1)"):
        tape = read_formula(text)
        assert math.isnan(tape_derivatives(tape.packed(), -1.0, 0.0)[0]), text
        assert np.isnan(tape.value(np.array([-1.0]), np.zeros(1))).all()
