"""Drawing results with plotly: titles, units and errors in one place. plotly is imported when a figure is asked for.

Nothing here knows the classes of results: each hands over its own numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#882255", "#332288")
"""Okabe and Ito's, then Tol's: told apart by colour-blind people."""
LOW_TO_HIGH = ("#98acd3", "#9dc2e1", "#a4d9e3", "#cfead4", "#fef6df")
LOSS = "loss L(θ)"


def graph_objects() -> Any:
    """plotly.graph_objects; ModuleNotFoundError with a sentence where it is not installed."""
    try:
        import plotly.graph_objects as go
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("figures need plotly: install pothole-lab[figures]") from error
    return go


def _dress(figure: Any, title: str, x: str, y: str, note: str = "") -> Any:
    text = f"{title}<br><sub>{note}</sub>" if note else title
    figure.update_layout(
        title={"text": text}, template="plotly_white", colorway=COLOURS, margin={"l": 64, "r": 24, "t": 72, "b": 56}
    )
    figure.update_xaxes(title_text=x, title_font_size=12)
    figure.update_yaxes(title_text=y, title_font_size=12)
    return figure


def _is_logarithmic(values: np.ndarray) -> bool:
    """Whether positive values span so much that a linear axis would hide the small ones."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and finite.max() > 20 * finite.min())


def draw_slice(
    labels: tuple[str, ...],
    x: np.ndarray,
    y: np.ndarray | None,
    losses: np.ndarray,
    note: str,
    error: np.ndarray | None = None,
    paths: Mapping[str, Any] | None = None,
) -> Any:
    """The loss on a plane as a filled contour map, on a line as a curve with a band of one standard error.

    `paths`: what `path_on_plane` gave, by name. A loss over more than a factor of 20 has a logarithmic scale.
    """
    go = graph_objects()
    axes = [*labels, "first direction", "second direction"][:2] if len(labels) < 2 else list(labels)
    logarithmic = _is_logarithmic(losses)
    if y is None:
        figure = go.Figure(go.Scatter(x=x, y=losses, mode="lines", name=LOSS))
        if error is not None:
            band = np.concatenate([losses + error, (losses - error)[::-1]])
            x_band = np.concatenate([x, x[::-1]])
            shade = {"x": x_band, "y": band, "fill": "toself", "mode": "none", "name": "± one standard error"}
            figure.add_trace(go.Scatter(**shade, fillcolor="rgba(0,114,178,0.2)", hoverinfo="skip"))
        for (name, path), colour in zip((paths or {}).items(), COLOURS[1:], strict=False):
            figure.add_trace(
                go.Scatter(
                    x=path.coordinates[:, 0],
                    y=path.loss,
                    name=f"{name}, true loss",
                    mode="lines+markers",
                    line_color=colour,
                )
            )
        figure.update_yaxes(type="log" if logarithmic else "linear")
        return _dress(figure, "Loss on a line", axes[0], LOSS, note)
    drawn = np.log10(losses) if logarithmic else losses
    finite = drawn[np.isfinite(drawn)]
    ticks = np.linspace(finite.min(), finite.max(), 6) if finite.size else np.zeros(1)
    told = [f"{10**tick if logarithmic else tick:.3g}" for tick in ticks]
    bar = {"title": {"text": LOSS}, "tickvals": ticks, "ticktext": told}
    hover = f"x %{{x:.4g}}<br>y %{{y:.4g}}<br>{LOSS} %{{customdata:.4g}}<extra></extra>"
    figure = go.Figure(
        go.Contour(
            x=x,
            y=y,
            z=drawn,
            customdata=losses,
            colorscale=list(LOW_TO_HIGH),
            ncontours=24,
            colorbar=bar,
            hovertemplate=hover,
        )
    )
    _add_paths(figure, paths or {})
    figure.update_xaxes(constrain="domain")
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    figure.update_layout(legend={"orientation": "h", "y": -0.15})
    return _dress(figure, "Loss on a plane", axes[0], axes[1], note)


def _add_paths(figure: Any, paths: Mapping[str, Any]) -> None:
    go = graph_objects()
    hover = "%{customdata[0]:.4g} is the true loss, drawn at %{customdata[1]:.4g}<extra>%{fullData.name}</extra>"
    for (name, path), colour in zip(paths.items(), COLOURS, strict=False):
        places = path.coordinates
        told = np.stack([path.loss, path.drawn], axis=1)
        look = {"mode": "lines+markers", "line": {"color": colour, "width": 2}, "marker": {"size": 5}}
        told_of = {"customdata": told, "hovertemplate": hover, "name": name}
        figure.add_trace(go.Scatter(x=places[:, 0], y=places[:, 1], **told_of, **look))


def draw_plane(labels: tuple[str, ...], paths: Mapping[str, np.ndarray], note: str) -> Any:
    """Projected paths (T, k) on a plane or a line, and its origin."""
    go = graph_objects()
    figure = go.Figure(go.Scatter(x=[0.0], y=[0.0], mode="markers", marker_symbol="cross", name="origin"))
    for name, places in paths.items():
        second = places[:, 1] if places.shape[1] > 1 else np.zeros(len(places))
        figure.add_trace(go.Scatter(x=places[:, 0], y=second, mode="lines+markers", name=name))
    axes = [*labels, "", ""]
    return _dress(figure, "A plane through the parameters", axes[0] or "first direction", axes[1], note)


def draw_way(t: np.ndarray, losses: np.ndarray, barrier: float, error: float, highest: float, note: str) -> Any:
    """The loss between two solutions, the line between its ends and the barrier above it, with its standard error."""
    go = graph_objects()
    if not len(t):
        raise ValueError("there is no loss between the two solutions to draw")
    chord = (1 - t) * losses[0] + t * losses[-1]
    figure = go.Figure(go.Scatter(x=t, y=losses, mode="lines+markers", name=LOSS))
    figure.add_trace(go.Scatter(x=t, y=chord, mode="lines", line_dash="dot", name="between the ends"))
    foot = float(np.interp(highest, t, chord))
    spread = {"type": "data", "array": [0.0, error], "visible": bool(np.isfinite(error))}
    figure.add_trace(go.Scatter(x=[highest] * 2, y=[foot, foot + barrier], error_y=spread, name="barrier"))
    told = f"barrier {barrier:.4g}" + (f" ± {error:.2g} (standard error)" if np.isfinite(error) else "")
    return _dress(figure, "Between two solutions", "t, from a (0) to b (1)", LOSS, f"{told}; {note}")


def draw_spectrum(values: np.ndarray, density: np.ndarray, trace: tuple[float, float], note: str) -> Any:
    """The spectral density p(λ) of a Hessian on a logarithmic axis."""
    go = graph_objects()
    seen = np.where(density > 1e-9 * density.max(initial=0.0), density, np.nan)
    figure = go.Figure(go.Scatter(x=values, y=seen, mode="lines", name="p(λ)"))
    figure.update_yaxes(type="log", exponentformat="power")
    told = f"trace {trace[0]:.4g} ± {trace[1]:.1g} (standard error); {note}"
    return _dress(figure, "Spectral density of the Hessian", "eigenvalue λ", "p(λ), of integral 1", told)


def draw_eigenvalues(values: np.ndarray, residuals: np.ndarray, converged: np.ndarray, note: str) -> Any:
    """Eigenvalues in order, each with its residual as error; those that did not converge are hollow."""
    go = graph_objects()
    symbols = ["circle" if good else "circle-open" for good in converged]
    marks = {"mode": "markers", "marker": {"size": 10, "symbol": symbols}, "name": "λ"}
    order = np.arange(1, len(values) + 1)
    figure = go.Figure(go.Scatter(x=order, y=values, error_y={"type": "data", "array": residuals}, **marks))
    figure.update_xaxes(dtick=1)
    return _dress(figure, "Eigenvalues of the Hessian", "rank", "eigenvalue λ ± residual ‖Gv − λv‖", note)


def draw_curves(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str, note: str = "", x: str = "step", y: str = LOSS
) -> Any:
    """Losses over steps, by name."""
    go = graph_objects()
    figure = go.Figure([go.Scatter(x=a, y=b, mode="lines", name=name) for name, (a, b) in curves.items()])
    values = np.concatenate([np.asarray(b, dtype=float).reshape(-1) for _, b in curves.values()] or [np.zeros(0)])
    figure.update_yaxes(type="log" if _is_logarithmic(values) else "linear")
    return _dress(figure, title, x, y, note)
