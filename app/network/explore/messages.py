"""What the explore part's jobs report, row by row: of each kind of job a row has one of the fields."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from app.drawing.messages import Curve, Encoded, Ground
from app.network.statements.messages import JudgedStatement, PairedSeeds


class ExploreDone(TypedDict):
    """The end of a job that looks at a run: how long it took, and what was found, in words."""

    seconds: float
    sentence: str


class MeasuredDone(ExploreDone):
    """The same of one that has made so many curvature products."""

    products: int


class SliceMark(TypedDict):
    """A point of the weights' space on the plane, in words."""

    words: str
    at: list[float]


class SlicePlane(TypedDict):
    """What a slice's picture will show. y: null for a line. step: the kept step in its middle, steps: all that are
    kept; paths: projected coordinates (steps, axes)."""

    axes: int
    labels: list[str]
    kind: str
    normalisation: str
    x: Encoded
    y: Encoded | None
    around: str
    step: int
    steps: list[int]
    marks: list[SliceMark]
    dimension: int
    examples: int
    of_examples: int
    half: Literal["train", "test"]
    paths: dict[str, Encoded]


class SliceSample(TypedDict):
    """What a first picture is over, and its standard error: the median of its points'."""

    examples: int
    standard_error: float


class SlicePicture(TypedDict):
    """The losses so far, (points of y, points of x). error: of an adaptive one, as a part of the range. sampled: of a
    first one that is not over all the examples asked for, and has no exact points."""

    losses: Encoded
    evaluated: int
    stride: NotRequired[int]
    error: NotRequired[float | None]
    sampled: NotRequired[SliceSample]


class PathHonesty(TypedDict):
    """What the projection of a method's path leaves out: the share of its variance that is shown (null where it does
    not move), and by kept step the distance off the plane and from the middle, the true loss and the drawn one."""

    captured: float | None
    distance: Encoded
    displacement: Encoded
    true: Encoded
    drawn: Encoded


class SliceDone(ExploreDone):
    """The end of a slice. From `error` on: of an adaptive one; from `standard_error` on: of a sample of the data."""

    way: Literal["progressive", "adaptive", "exact"]
    evaluations: int
    low: float
    high: float
    error: NotRequired[float]
    fresh: NotRequired[int]
    relative_error: NotRequired[float]
    tolerance: NotRequired[float]
    met: NotRequired[bool]
    logarithmic: NotRequired[bool]
    described: NotRequired[str]
    standard_error: NotRequired[float]
    largest_standard_error: NotRequired[float]
    error_points: NotRequired[int]


class SliceRow(TypedDict):
    """A row of a slice. evaluated: points that are exact, where the picture is drawn at the end only."""

    position: int
    plane: NotRequired[SlicePlane]
    picture: NotRequired[SlicePicture]
    honesty: NotRequired[dict[str, PathHonesty]]
    evaluated: NotRequired[int]
    done: NotRequired[SliceDone]


class SliceFigures(TypedDict):
    """POST /network/explore/pictures: what is drawn of a slice, the ground of a plane or the curve of a line."""

    ground: Ground | None
    curve: Curve | None
    domain: list[list[float]]
    labels: list[str]


class CurvatureAbout(TypedDict):
    """What is measured: the steps, ascending, and over which examples."""

    steps: list[int]
    methods: list[str]
    half: Literal["train", "test"]
    examples: int
    dimension: int


class NotMeasured(TypedDict):
    """A place without numbers, and why. values, density: empty, where a density was asked for."""

    method: str
    step: int
    products: int
    problem: str
    values: NotRequired[Encoded]
    density: NotRequired[Encoded]


class WeightNorms(TypedDict):
    """The product of the layers' spectral norms, null where there is no dense or convolutional layer; the path norm, or
    null and a sentence why there is none."""

    spectral_product: float | None
    path_norm: float | None
    no_path_norm: str


class MeasuredCurvature(WeightNorms):
    """Eigenvalues with residuals, trace with standard error and SAM's sharpness at a method's weights; at step 0, where
    all methods stand, `method` is empty. rises: of the loss, by step of ascent."""

    method: str
    step: int
    loss: float
    eigenvalues: list[float]
    residuals: list[float]
    converged: list[bool]
    eigenvalue_products: int
    trace: float
    trace_error: float | None
    probes: int
    sharpness: float
    one_step: float
    rises: list[float]
    radius: float
    ascent: int
    products: int
    seconds: float


class SpectralDensity(TypedDict):
    """The density of the Hessian's eigenvalues (points,) at these values, by Lanczos from random starts."""

    method: str
    step: int
    products: int
    values: Encoded
    density: Encoded
    trace: float
    trace_error: float | None
    starts: int
    steps: int


class CurvatureRow(TypedDict):
    """A row of a measurement of curvature."""

    position: int
    about: NotRequired[CurvatureAbout]
    measured: NotRequired[MeasuredCurvature | NotMeasured]
    density: NotRequired[SpectralDensity | NotMeasured]
    done: NotRequired[MeasuredDone]


class BetweenAbout(TypedDict):
    """Whose weights lie at the ends, in words, and how far apart; t: the points of the way. statistics: null without
    batch normalisation."""

    first: str
    second: str
    distance: float
    t: Encoded
    examples: int
    of_examples: int
    statistics: Literal["kept", "re-estimated"] | None


class WayBetween(TypedDict):
    """The losses along a way, (points,), its height above the line between the ends, and where that is; the height is
    null where a loss is not finite, the standard error also where examples have no loss of their own."""

    way: Literal["straight", "curve"]
    losses: Encoded
    barrier: float | None
    barrier_error: float | None
    highest: float


class CurveTraining(TypedDict):
    """How far the curve's middle is trained, and the mean loss of the steps since the last row."""

    step: int
    steps: int
    loss: float


class BetweenRow(TypedDict):
    """A row of the way between two solutions."""

    position: int
    about: NotRequired[BetweenAbout]
    line: NotRequired[WayBetween]
    training: NotRequired[CurveTraining]
    done: NotRequired[ExploreDone]


class RescalingAbout(TypedDict):
    """Whose weights are rescaled, which two layers, and where the lines are taken."""

    around: str
    layers: list[str]
    x: Encoded
    examples: int
    factors: list[float]


class RescaledNetwork(WeightNorms):
    """The network rescaled by a factor α. Differences: from α = 1, as parts of the range (loss_difference: itself)."""

    factor: float
    loss_difference: float
    output_difference: float
    eigenvalue: float
    residual: float
    converged: bool
    products: int
    trace: float
    trace_error: float | None
    probes: int
    sharpness: float
    radius: float
    ascent: int
    slice_difference: float
    plain_slice_difference: float
    filter_line: Encoded
    plain_line: Encoded


class RescalingRow(TypedDict):
    """A row of a demonstration."""

    position: int
    about: NotRequired[RescalingAbout]
    measured: NotRequired[RescaledNetwork]
    done: NotRequired[ExploreDone]


class CutsAbout(TypedDict):
    """What is cut: the kept step, the points t of each cut, in lengths of the weights, and over how many examples."""

    methods: list[str]
    step: int
    t: Encoded
    directions: int
    examples: int
    of_examples: int


class Cut(TypedDict):
    """Of a method both losses (points,), as means over so many directions."""

    method: str
    directions: int
    train: Encoded
    test: Encoded


class MeasuredSolution(TypedDict):
    """A solution's losses, the rise of the first to the ends of its cuts, ‖θ‖, the largest eigenvalue, and relative to
    its weights it and the trace."""

    method: str
    train_loss: float
    test_loss: float
    rise: float
    length: float
    eigenvalue: float
    relative_eigenvalue: float
    converged: bool
    relative_trace: float
    relative_trace_error: float
    products: int


class NoSolution(TypedDict):
    """A method without numbers, and why."""

    method: str
    problem: str


class CutsRow(TypedDict):
    """A row of the cuts through all solutions."""

    position: int
    about: NotRequired[CutsAbout]
    cut: NotRequired[Cut]
    solution: NotRequired[MeasuredSolution | NoSolution]
    done: NotRequired[ExploreDone]


class PotholesAbout(TypedDict):
    """What is measured: the methods that learn U, at their weights of this step; ρ, batches, examples of H."""

    methods: list[str]
    step: int
    radius: float
    batches: int
    examples: int


class ProbeGain(TypedDict):
    """How many times longer a probe makes a step along some directions, the same to first order in it, and what the
    first order misses, as a part of what the probe adds."""

    gain: float
    first_order_gain: float
    first_order_error: float


class DirectionsOfAKind(TypedDict):
    """Directions v of a kind: vᵀHv and vᵀH̄v of each; a probe's gain without U and with; how many times what it adds
    without it adds with U, direction by direction (null where that is nothing), the same to first order, and for all
    together, batch by batch."""

    kind: str
    here: list[float]
    average: list[float]
    plain: ProbeGain
    learned: ProbeGain
    factors: list[float | None]
    first_order_factors: list[float | None]
    factor: PairedSeeds


class MeasuredPotholes(TypedDict):
    """A method's directions, the steps that H̄ is the mean over, and statements. converged: all eigenvectors."""

    method: str
    points: list[int]
    converged: bool
    groups: list[DirectionsOfAKind]
    claims: list[JudgedStatement]
    products: int


class NoPotholes(TypedDict):
    """A method without numbers, and why."""

    method: str
    points: list[int]
    products: int
    problem: str


class PotholesRow(TypedDict):
    """A row of a measurement of potholes."""

    position: int
    about: NotRequired[PotholesAbout]
    measured: NotRequired[MeasuredPotholes | NoPotholes]
    done: NotRequired[MeasuredDone]


MESSAGES = (
    *(ExploreDone, MeasuredDone, SliceMark, SlicePlane, SlicePicture, PathHonesty, SliceDone, SliceRow, SliceFigures),
    *(CurvatureAbout, NotMeasured, WeightNorms, MeasuredCurvature, SpectralDensity, CurvatureRow),
    *(BetweenAbout, WayBetween, CurveTraining, BetweenRow),
    *(RescalingAbout, RescaledNetwork, RescalingRow),
    *(CutsAbout, Cut, MeasuredSolution, NoSolution, CutsRow),
    *(PotholesAbout, ProbeGain, DirectionsOfAKind, MeasuredPotholes, NoPotholes, PotholesRow),
)
