"""The test functions that every optimiser page shows, with analytic derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace

from geometry.objective import Array, Block, Layout
from geometry.surface import Domain, FlatBasin, Minimum, Surface, SurfaceParameter, from_entries, positive


@dataclass(frozen=True)
class QuadraticBowl(Surface):
    """L = ½ (h₁ x² + h₂ y²)."""

    curvature_1: float = 1.0
    curvature_2: float = 10.0

    key = "quadratic-bowl"
    title = "Quadratic bowl"
    description = "Two curvatures and nothing else: what every method must do well."
    kernel_code = 3
    parameters = (
        SurfaceParameter("curvature_1", "h₁", "Curvature 1", 0.01, 100.0, 0.01, 1.0, "Curvature along θ₁.", "log"),
        SurfaceParameter("curvature_2", "h₂", "Curvature 2", 0.01, 100.0, 0.01, 10.0, "Curvature along θ₂.", "log"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "curvature_1", "curvature_2")

    @property
    def domain(self) -> Domain:
        """±5."""
        return ((-5.0, 5.0), (-5.0, 5.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Off both axes."""
        return (-4.0, 2.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.25 of the minimum."""
        return FlatBasin((0.0, 0.0), 0.25)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The origin."""
        return (Minimum("the minimum", (0.0, 0.0), 0.0),)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """h₁, h₂."""
        return np.array([self.curvature_1, self.curvature_2], dtype=float)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        return 0.5 * (self.curvature_1 * theta[..., 0] ** 2 + self.curvature_2 * theta[..., 1] ** 2)

    def gradient(self, theta: Array) -> Array:
        """(h₁ x, h₂ y)."""
        xp = array_namespace(theta)
        return xp.stack([self.curvature_1 * theta[..., 0], self.curvature_2 * theta[..., 1]], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """diag(h₁, h₂)."""
        xp = array_namespace(theta)
        one = xp.ones_like(theta[..., 0])
        return from_entries(xp, self.curvature_1 * one, 0 * one, self.curvature_2 * one)


@dataclass(frozen=True)
class Rosenbrock(Surface):
    """L = (a − x)² + b (y − x²)². Rosenbrock 1960."""

    a: float = 1.0
    b: float = 100.0

    key = "rosenbrock"
    title = "Rosenbrock"
    description = "A curved, narrow valley with its minimum at the far end."
    kernel_code = 4
    parameters = (
        SurfaceParameter("a", "a", "Minimum", 0.1, 1.4, 0.1, 1.0, "Where the minimum lies, at (a, a²)."),
        SurfaceParameter("b", "b", "Steepness", 1.0, 200.0, 1.0, 100.0, "Steepness of the valley's walls.", "log"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "b")

    @property
    def domain(self) -> Domain:
        """The usual picture."""
        return ((-2.0, 2.0), (-1.0, 3.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """The classic start."""
        return (-1.2, 1.0)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.1 of the minimum."""
        return FlatBasin((self.a, self.a**2), 0.1)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """(a, a²)."""
        return (Minimum("the minimum", (self.a, self.a**2), 0.0),)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """a, b."""
        return np.array([self.a, self.b], dtype=float)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        return (self.a - x) ** 2 + self.b * (y - x * x) ** 2

    def gradient(self, theta: Array) -> Array:
        """(−2(a − x) − 4 b x (y − x²), 2 b (y − x²))."""
        x, y = theta[..., 0], theta[..., 1]
        gap = y - x * x
        return array_namespace(theta).stack([-2 * (self.a - x) - 4 * self.b * x * gap, 2 * self.b * gap], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """[[2 − 4 b (y − 3x²), −4 b x], [−4 b x, 2 b]]."""
        xp = array_namespace(theta)
        x, y = theta[..., 0], theta[..., 1]
        b = self.b
        return from_entries(xp, 2 - 4 * b * (y - 3 * x * x), -4 * b * x, 2 * b * xp.ones_like(x))


@dataclass(frozen=True)
class SplitRosenbrock(Rosenbrock):
    """Rosenbrock's function as a two-layer problem: each coordinate is a layer with a preconditioner of its own.

    The toy of the public LLQR code (SimonDufLab/LLQR): the first layer outputs (a − x)² and passes x on, the second
    adds b (y − x²)². Loss and derivatives are Rosenbrock's; only the layout differs.
    """

    key = "split-rosenbrock"
    title = "Rosenbrock, two layers"
    description = (
        "Rosenbrock's valley where each coordinate is a layer with its own preconditioner."
    )

    @property
    def layout(self) -> Layout:
        """Two layers of one parameter each."""
        return Layout((Block("x", (1,), 0, 1, layer="layer_0"), Block("y", (1,), 1, 2, layer="layer_1")))


@dataclass(frozen=True)
class Himmelblau(Surface):
    """L = (x² + y − 11)² + (x + y² − 7)². Himmelblau 1972."""

    key = "himmelblau"
    title = "Himmelblau"
    description = "Four equally deep minima: which of them a method finds depends on its start and its step."
    kernel_code = 5
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±6."""
        return ((-6.0, 6.0), (-6.0, 6.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Near the local maximum."""
        return (0.0, -0.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.5 of (3, 2), the minimum with integer coordinates."""
        return FlatBasin((3.0, 2.0), 0.5)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """All four; the three irrational ones to double precision."""
        points = (
            (3.0, 2.0),
            (-2.8051180869527448, 3.1313125182505729),
            (-3.7793102533777469, -3.2831859912861694),
            (3.5844283403304917, -1.8481265269644034),
        )
        return tuple(Minimum(f"the minimum near ({p[0]:.1f}, {p[1]:.1f})", p, 0.0) for p in points)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """None."""
        return np.zeros(1)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2

    def gradient(self, theta: Array) -> Array:
        """(4 x p + 2 q, 2 p + 4 y q) with p = x² + y − 11, q = x + y² − 7."""
        x, y = theta[..., 0], theta[..., 1]
        p, q = x * x + y - 11, x + y * y - 7
        return array_namespace(theta).stack([4 * x * p + 2 * q, 2 * p + 4 * y * q], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """[[12 x² + 4 y − 42, 4 (x + y)], [·, 12 y² + 4 x − 26]]."""
        x, y = theta[..., 0], theta[..., 1]
        xp = array_namespace(theta)
        return from_entries(xp, 12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26)


@dataclass(frozen=True)
class Beale(Surface):
    """L = Σ_k (c_k − x + x y^k)² with c = (1.5, 2.25, 2.625), k = 1, 2, 3. Beale 1958."""

    key = "beale"
    title = "Beale"
    description = "A flat valley between steep walls, with one minimum at (3, 0.5)."
    kernel_code = 6
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±4.5."""
        return ((-4.5, 4.5), (-4.5, 4.5))

    @property
    def default_start(self) -> tuple[float, ...]:
        """On the flat part."""
        return (1.0, 1.5)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.25 of the minimum."""
        return FlatBasin((3.0, 0.5), 0.25)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """(3, 0.5)."""
        return (Minimum("the minimum", (3.0, 0.5), 0.0),)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """None."""
        return np.zeros(1)

    def _terms(self, theta: Array) -> list[tuple[Array, Array, Array, Array]]:
        """(t, ∂t/∂x, ∂t/∂y, ∂²t/∂y²) of each term t_k = c_k − x + x y^k."""
        x, y = theta[..., 0], theta[..., 1]
        return [
            (1.5 - x + x * y, y - 1, x, 0 * x),
            (2.25 - x + x * y**2, y**2 - 1, 2 * x * y, 2 * x),
            (2.625 - x + x * y**3, y**3 - 1, 3 * x * y**2, 6 * x * y),
        ]

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        return sum(t * t for t, *_ in self._terms(theta))

    def gradient(self, theta: Array) -> Array:
        """2 Σ t ∇t."""
        terms = self._terms(theta)
        gx, gy = (2 * sum(term[0] * term[i] for term in terms) for i in (1, 2))
        return array_namespace(theta).stack([gx, gy], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """2 Σ (∇t ∇tᵀ + t ∇²t), with ∂²t/∂x∂y = k y^(k−1)."""
        y = theta[..., 1]
        mixed = (1 + 0 * y, 2 * y, 3 * y * y)
        terms = self._terms(theta)
        xx = 2 * sum(tx * tx for _, tx, _, _ in terms)
        xy = 2 * sum(tx * ty + t * m for (t, tx, ty, _), m in zip(terms, mixed, strict=True))
        yy = 2 * sum(ty * ty + t * tyy for t, _, ty, tyy in terms)
        return from_entries(array_namespace(theta), xx, xy, yy)


@dataclass(frozen=True)
class MonkeySaddle(Surface):
    """L = x³ − 3 x y². No minimum: every method leaves, the question is along which of three valleys."""

    key = "monkey-saddle"
    title = "Monkey saddle"
    description = "A saddle with three valleys and no minimum: nothing arrives, and the start decides the valley."
    kernel_code = 7
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±2."""
        return ((-2.0, 2.0), (-2.0, 2.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Near the saddle, off its symmetry axes."""
        return (0.6, 0.1)

    @property
    def flat_basin(self) -> None:
        """There is none."""
        return None

    @property
    def kernel_parameters(self) -> np.ndarray:
        """None."""
        return np.zeros(1)

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        return x**3 - 3 * x * y * y

    def gradient(self, theta: Array) -> Array:
        """(3x² − 3y², −6xy)."""
        x, y = theta[..., 0], theta[..., 1]
        return array_namespace(theta).stack([3 * x * x - 3 * y * y, -6 * x * y], axis=-1)

    def hessian(self, theta: Array) -> Array:
        """[[6x, −6y], [−6y, −6x]]."""
        x, y = theta[..., 0], theta[..., 1]
        return from_entries(array_namespace(theta), 6 * x, -6 * y, -6 * x)


@dataclass(frozen=True)
class GoldsteinPrice(Surface):
    """L = A·B, A = 1 + s² P, B = 30 + d² Q with s = x + y + 1, d = 2x − 3y. Goldstein and Price 1971.

    P = 19 − 14x + 3x² − 14y + 6xy + 3y²,  Q = 18 − 32x + 12x² + 48y − 36xy + 27y².
    """

    key = "goldstein-price"
    title = "Goldstein–Price"
    description = "Four local minima on a surface whose heights span six orders of magnitude."
    kernel_code = 8
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±2."""
        return ((-2.0, 2.0), (-2.0, 2.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """Between the minima."""
        return (-0.4, -0.3)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.1 of the global minimum."""
        return FlatBasin((0.0, -1.0), 0.1)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The global minimum and the three local ones."""
        known = (((0.0, -1.0), 3.0), ((-0.6, -0.4), 30.0), ((1.8, 0.2), 84.0), ((1.2, 0.8), 840.0))
        return tuple(Minimum(f"the minimum at {p} with loss {loss:g}", p, loss) for p, loss in known)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """None."""
        return np.zeros(1)

    def _factors(self, theta: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """(value, ∂x, ∂y, ∂xx, ∂xy, ∂yy) of A and of B."""
        x, y = theta[..., 0], theta[..., 1]
        s, d = x + y + 1, 2 * x - 3 * y
        p = 19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y
        pd = -14 + 6 * x + 6 * y
        q = 18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y
        qx, qy = -32 + 24 * x - 36 * y, 48 - 36 * x + 54 * y
        slope = 2 * s * p + s * s * pd
        bend = 2 * p + 4 * s * pd + 6 * s * s
        first = (1 + s * s * p, slope, slope, bend, bend, bend)
        second = (
            30 + d * d * q,
            4 * d * q + d * d * qx,
            -6 * d * q + d * d * qy,
            8 * q + 8 * d * qx + 24 * d * d,
            -12 * q - 6 * d * qx + 4 * d * qy - 36 * d * d,
            18 * q - 12 * d * qy + 54 * d * d,
        )
        return first, second

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        a, b = self._factors(theta)
        return a[0] * b[0]

    def gradient(self, theta: Array) -> Array:
        """A ∇B + B ∇A."""
        a, b = self._factors(theta)
        parts = [a[0] * b[i] + a[i] * b[0] for i in (1, 2)]
        return array_namespace(theta).stack(parts, axis=-1)

    def hessian(self, theta: Array) -> Array:
        """A ∇²B + ∇A ∇Bᵀ + ∇B ∇Aᵀ + B ∇²A."""
        a, b = self._factors(theta)
        pairs = ((1, 1, 3), (1, 2, 4), (2, 2, 5))
        entries = [a[0] * b[k] + a[i] * b[j] + b[i] * a[j] + b[0] * a[k] for i, j, k in pairs]
        return from_entries(array_namespace(theta), *entries)


@dataclass(frozen=True)
class Ackley(Surface):
    """L = −20 exp(−0.2 √(½(x² + y²))) − exp(½(cos 2πx + cos 2πy)) + e + 20. Ackley 1987.

    At the origin the first term has a kink; its one-sided slope is taken as 0 there and its curvature left out.
    """

    key = "ackley"
    title = "Ackley"
    description = "A regular field of small pits on a wide funnel: hundreds of potholes, one deep minimum."
    kernel_code = 9
    parameters = ()

    @property
    def domain(self) -> Domain:
        """±5."""
        return ((-5.0, 5.0), (-5.0, 5.0))

    @property
    def default_start(self) -> tuple[float, ...]:
        """On the funnel's side."""
        return (-3.2, 2.6)

    @property
    def flat_basin(self) -> FlatBasin:
        """Within 0.5 of the deep minimum."""
        return FlatBasin((0.0, 0.0), 0.5)

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """The deep one."""
        return (Minimum("the deep minimum", (0.0, 0.0), 0.0),)

    @property
    def kernel_parameters(self) -> np.ndarray:
        """None."""
        return np.zeros(1)

    def _parts(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """s = √(½|θ|²), its guarded inverse (0 at the origin), 20 exp(−0.2 s), and the cosine term."""
        xp = array_namespace(theta)
        x, y = theta[..., 0], theta[..., 1]
        s = xp.sqrt(0.5 * (x * x + y * y))
        inverse = xp.where(s == 0, xp.zeros_like(s), 1 / xp.where(s == 0, xp.ones_like(s), s))
        waves = xp.exp(0.5 * (xp.cos(2 * math.pi * x) + xp.cos(2 * math.pi * y)))
        return s, inverse, 20 * xp.exp(-0.2 * s), waves

    def loss(self, theta: Array) -> Array:
        """L(θ), shape (...)."""
        _, _, funnel, waves = self._parts(theta)
        return -funnel - waves + math.e + 20

    def gradient(self, theta: Array) -> Array:
        """0.1 (funnel/s) θ + π waves sin 2πθ."""
        xp = array_namespace(theta)
        _, inverse, funnel, waves = self._parts(theta)
        slope = (0.1 * funnel * inverse)[..., None]
        return slope * theta + math.pi * waves[..., None] * xp.sin(2 * math.pi * theta)

    def hessian(self, theta: Array) -> Array:
        """Funnel: (0.1 F/s) I − (0.1 F/s)(0.1/s + ½/s²) θθᵀ; waves: W (2π² diag(cos 2πθ) − π² sin sinᵀ)."""
        xp = array_namespace(theta)
        x, y = theta[..., 0], theta[..., 1]
        _, inverse, funnel, waves = self._parts(theta)
        slope = 0.1 * funnel * inverse
        bend = slope * (0.1 * inverse + 0.5 * inverse * inverse)
        turn = 2 * math.pi
        sx, sy, cx, cy = xp.sin(turn * x), xp.sin(turn * y), xp.cos(turn * x), xp.cos(turn * y)
        square = math.pi**2 * waves
        return from_entries(
            xp,
            slope - bend * x * x + square * (2 * cx - sx * sx),
            -bend * x * y - square * sx * sy,
            slope - bend * y * y + square * (2 * cy - sy * sy),
        )
