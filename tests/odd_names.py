"""A log whose columns and scenarios are called as no graph could call them, and its contract."""

from __future__ import annotations

import csv
import pathlib
from typing import Any

import numpy as np

USER, TIME, SCENARIO, CLICK, BUY = "User-ID", "1st seen", "self", "klick?", "日/本"
ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
LATE = f'{ONE} not_in_environment: "SERVING"'
SCENARIOS = ("all", "größe *", "a/b")

FEATURES: dict[str, tuple[str, str]] = {
    SCENARIO: ("BYTES", "categorical"),
    USER: ("INT", "id:min_count=2"),
    "item.id": ("BYTES", "id"),
    "item_id": ("BYTES", "id"),
    "Brand": ("BYTES", "id"),
    "brand": ("BYTES", "categorical"),
    "x": ("FLOAT", "numeric:buckets=4"),
    "x__index": ("INT", "categorical"),
    "x__value": ("INT", "categorical"),
    "größe in m²": ("FLOAT", "numeric"),
    "名前 😀": ("BYTES", "id"),
    "_row": ("INT", "categorical"),
    "7": ("INT", "categorical"),
    "target__klick?": ("INT", "categorical"),
    "row__weight": ("FLOAT", "numeric"),
    "[bold]": ("INT", "categorical"),
    "a/b\\c:\"0'": ("INT", "categorical"),
    "inputs": ("INT", "categorical"),
    "function": ("INT", "categorical"),
    "class": ("INT", "categorical"),
    "long " * 40: ("BYTES", "id"),
}
"""Column -> type and treatment; those but user and scenario may be missing."""

GRAPH_NAMES = {
    SCENARIO: "u_x73_elf",
    USER: "User_x2d_ID",
    "item.id": "item_x2e_id",
    "item_id": "item_id",
    "Brand": "u_x42_rand",
    "brand": "brand",
    "x": "x",
    "x__index": "x__index",
    "x__value": "x__value",
    "größe in m²": "gr_xf6__xdf_e_x20_in_x20_m_xb2_",
    "名前 😀": "u_x540d__x524d__x20__x1f600_",
    "_row": "u_x5f_row",
    "7": "u_x37_",
    "target__klick?": "u_x74_arget__klick_x3f_",
    "row__weight": "u_x72_ow__weight",
    "[bold]": "u_x5b_bold_x5d_",
    "a/b\\c:\"0'": "a_x2f_b_x5c_c_x3a__x22_0_x27_",
    "inputs": "inputs",
    "function": "function",
    "class": "u_x63_lass",
    "long " * 40: "long_x20_" * 40,
}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def schema() -> str:
    """The contract in text format."""
    values = " ".join(f"value: {_quoted(name)}" for name in SCENARIOS)
    more = {
        SCENARIO: (f"{ONE} string_domain {{ {values} }}", ("scenario", "context")),
        USER: (ONE, ("user_id", "user")),
    }
    lines = ['default_environment: "TRAINING"', 'default_environment: "SERVING"']
    for name, (kind, treatment) in FEATURES.items():
        domain = "int_domain { min: 0 max: 8 }" if kind == "INT" else ""
        shape, tags = more.get(name, (domain, ("item",)))
        lines.append(_feature(name, kind, shape, (*tags, treatment)))
    lines.append(_feature(TIME, "INT", LATE, ("timestamp:unit=s",)))
    lines.append(_feature(CLICK, "INT", LATE, ("label:klick?",)))
    lines.append(_feature(BUY, "INT", LATE, ("label:买 given:klick?",)))
    return "\n".join(lines) + "\n"


def _feature(name: str, kind: str, shape: str, tags: tuple[str, ...]) -> str:
    listed = " ".join(f"tag: {_quoted(tag)}" for tag in tags)
    return f"feature {{ name: {_quoted(name)} type: {kind} {shape} annotation {{ {listed} }} }}"


def made_rows(count: int, first_second: int = 1_767_225_600, days: int = 3) -> list[dict[str, Any]]:
    """Rows with a signal in user and item; a tenth of the values that may be missing are."""
    random = np.random.default_rng(5)
    rows = []
    for number in range(count):
        user, item = int(random.integers(0, 60)), int(random.integers(0, 30))
        click = int(random.random() < (0.25, 0.45, 0.55, 0.75)[user % 2 + 2 * (item % 2)])
        row: dict[str, Any] = {
            SCENARIO: SCENARIOS[number % 3],
            USER: user,
            TIME: first_second + number * 86_400 * days // count,
            CLICK: click,
            BUY: int(click and random.random() < 0.5),
        }
        for name, (kind, _) in FEATURES.items():
            if name in row or random.random() < 0.1:
                continue
            if kind == "BYTES":
                # No two columns have a value in common.
                row[name] = f"{name} {item if name == 'item.id' else random.integers(0, 9)}"
            elif kind == "FLOAT":
                row[name] = round(float(random.normal()), 4)
            else:
                row[name] = int(random.integers(0, 9))
        rows.append(row)
    return rows


def write_csv(path: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    """Writes rows with the columns' names in the first line."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*FEATURES, TIME, CLICK, BUY])
        writer.writeheader()
        writer.writerows(rows)
