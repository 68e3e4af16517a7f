"""Points whose chance of a positive depends on their log-odds in a known way."""

import numpy as np

from models.calibration.points import Points


def made_points(
    rows: int, slope: float = 1.0, offset: float = 0.0, seed: int = 0, weighted: bool = True
) -> Points:
    """Log-odds z around -1, positive with the chance sigmoid(slope z + offset)."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1, 1.5, rows)
    positive = random.random(rows) < 1 / (1 + np.exp(-(slope * log_odds + offset)))
    weight = random.choice([1.0, 2.0, 5.0], rows) if weighted else np.ones(rows)
    return Points(log_odds, positive, weight)


def expit(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def most_likely_line(points: Points, steps: int = 60) -> np.ndarray:
    """Slope and offset by Newton's method on Platt's targets."""
    ones, zeros = points.positive.sum(), (~points.positive).sum()
    target = np.where(points.positive, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    design = np.stack([points.log_odds, np.ones(len(points))], axis=1)
    line = np.zeros(2)
    for _ in range(steps):
        chance = expit(design @ line)
        gradient = design.T @ (points.weight * (chance - target))
        curvature = design.T @ (design * (points.weight * chance * (1 - chance))[:, np.newaxis])
        line = line - np.linalg.solve(curvature, gradient)
    return line
