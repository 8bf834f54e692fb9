"""Fit the points of a scorecard: steps of each measure, by penalised logistic regression. Used by `fit_scorecard.py`."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.optimize import minimize

BITS = 10 / np.log(2)  # tenths of a bit in a unit of log-odds


@dataclass
class Table:
    """Steps of one measure: below `bounds[0]` the first of `points`, and so on."""

    name: str
    column: int
    bounds: list[float]
    points: list[int]


def choose_bounds(values: np.ndarray, most: int) -> list[float]:
    """Cut a measure at quantiles of its values, `most` times at most; bounds are round numbers."""
    different = np.unique(values)
    if len(different) <= 1:
        return []
    if len(different) <= most + 1:
        return [round_down(value) for value in different[1:]]
    bounds: set[float] = set()
    for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98):
        bounds.add(round_down(float(np.quantile(values, share))))
    low = float(different[0])
    if low == -1:
        bounds.add(0.0)
    kept = sorted(bound for bound in bounds if bound > low)
    while len(kept) > most:
        gaps = [((values >= a) & (values < b)).sum() for a, b in zip([low, *kept[:-1]], kept, strict=True)]
        place = int(np.argmin(gaps))
        if kept[place] == 0.0 and low == -1:
            place = min(place + 1, len(kept) - 1)
        kept.pop(place)
    return kept


def round_down(value: float) -> float:
    """Round to half units below 10 and whole numbers above."""
    return float(np.floor(value * 2) / 2) if abs(value) < 10 else float(np.floor(value))


@numba.njit(cache=True, nogil=True)
def _judge(bins, firsts, table, base, labels, weights, given):
    grads = np.zeros(len(table))
    loss = 0.0
    base_grad = 0.0
    for row in range(len(bins)):
        if weights[row] == 0:
            continue
        total = base + given[row]
        for column in range(bins.shape[1]):
            total += table[firsts[column] + bins[row, column]]
        if labels[row] == 1:
            loss += weights[row] * (np.log1p(np.exp(-total)) if total > -30 else -total)
        else:
            loss += weights[row] * (np.log1p(np.exp(total)) if total < 30 else total)
        error = weights[row] * (1 / (1 + np.exp(-total)) - labels[row])
        base_grad += error
        for column in range(bins.shape[1]):
            grads[firsts[column] + bins[row, column]] += error
    return loss, grads, base_grad


def put_in_bins(values: np.ndarray, columns: list[int], bounds: list[list[float]]) -> np.ndarray:
    """Give for each row and measure the number of its step."""
    bins = np.zeros((len(values), len(columns)), dtype=np.uint8)
    for number, (column, own) in enumerate(zip(columns, bounds, strict=True)):
        bins[:, number] = np.searchsorted(np.array(own), values[:, column], side="right")
    return bins


def fit(
    bins: np.ndarray, sizes: list[int], signs: list[int], free_first: list[bool], labels: np.ndarray, weights: np.ndarray,
    penalty: float = 1e-3, iterations: int = 150, given: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Fit differences of steps; `signs` says of each measure whether they may only rise (1), only fall (-1), or both (0).

    `given` is the log-odds that each row has already, such as from tables that a person wrote.
    Gives the table of all measures one behind the other in log-odds, and the base.
    """
    firsts = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    total = weights.sum()
    weights = weights / total
    limits: list[tuple[float | None, float | None]] = []
    for size, sign, free in zip(sizes, signs, free_first, strict=True):
        for step in range(size - 1):
            loose = sign == 0 or (free and step == 0)
            limits.append((None, None) if loose else (0, None) if sign > 0 else (None, 0))
    limits.append((None, None))

    def spread(steps: np.ndarray) -> np.ndarray:
        table, place = np.zeros(sum(sizes)), 0
        for first, size in zip(firsts, sizes, strict=True):
            table[first + 1 : first + size] = np.cumsum(steps[place : place + size - 1])
            place += size - 1
        return table

    def judge(steps: np.ndarray):
        loss, grads, base = _judge(bins, firsts, spread(steps), steps[-1], labels, weights, known)
        out, place = np.zeros(len(steps)), 0
        for first, size in zip(firsts, sizes, strict=True):
            out[place : place + size - 1] = np.cumsum(grads[first + 1 : first + size][::-1])[::-1]
            place += size - 1
        out[-1] = base
        smooth = np.sqrt(steps[:-1] ** 2 + 1e-4)
        loss += penalty * (0.5 * np.sum(steps[:-1] ** 2) + 0.3 * np.sum(smooth))
        out[:-1] += penalty * (steps[:-1] + 0.3 * steps[:-1] / smooth)
        return loss, out

    known = np.zeros(len(labels)) if given is None else given
    begin = np.zeros(len(limits))
    done = minimize(judge, begin, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": iterations})
    return spread(done.x), float(done.x[-1])


def add_up(bins: np.ndarray, sizes: list[int], table: np.ndarray, base: float) -> np.ndarray:
    """Give the sum of each row."""
    firsts = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    return _add(bins, firsts, table, base)


@numba.njit(cache=True, nogil=True)
def _add(bins, firsts, table, base):
    out = np.zeros(len(bins))
    for row in range(len(bins)):
        total = base
        for column in range(bins.shape[1]):
            total += table[firsts[column] + bins[row, column]]
        out[row] = total
    return out
