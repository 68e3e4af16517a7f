"""A log of a shop in a language and of names that no list of words knows."""

import datetime

import numpy as np
import pandas as pd

FIRST = datetime.datetime(2026, 3, 1)


def shop(rows=6000, days=4, seed=5, people=400, things=150):
    """Rows in the order of time; `wo` has an effect on `ja`, `dann` implies `ja`."""
    rng = np.random.default_rng(seed)
    wer = rng.choice(people, rows, p=_falling(people, 0.3))
    was = rng.choice(things, rows, p=_falling(things, 1.0))
    wo = rng.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])
    taste = rng.normal(0, 0.7, (people, 1)) + rng.normal(0, 0.7, (1, things))
    logit = taste[wer, was] + np.array([-1.0, -2.0, 0.0, -1.5])[wo]
    ja = rng.random(rows) < 1 / (1 + np.exp(-logit))
    seconds = np.sort(rng.choice(days * 86_400, rows, replace=False))
    wann = [FIRST + datetime.timedelta(seconds=int(x)) for x in seconds]
    return pd.DataFrame(
        {
            "wo": np.array(["start", "suche", "korb", "profil"])[wo],
            "wann": [str(x) for x in wann],
            "wer": [f"p{x:04d}" for x in wer],
            "alter": (20 + np.arange(people) % 30)[wer],
            "was": 1000 + was,
            "preis": np.round(rng.gamma(2, 10, things), 2)[was],
            "laune": np.where(rng.random(rows) < 0.1, np.nan, np.round(rng.normal(size=rows), 3)),
            "tag": [x.day for x in wann],
            "stunde": [x.hour for x in wann],
            "ja": ja.astype(int),
            "dann": (ja & (rng.random(rows) < 0.3)).astype(int),
            "blieb": np.where(ja, np.round(rng.gamma(3, 5, rows), 1), 0.0),
            "zeile": [f"z{x}" for x in range(rows)],
            "land": "at",
        }
    )


def _falling(size, power):
    shares = 1 / np.arange(1, size + 1) ** power
    return shares / shares.sum()
