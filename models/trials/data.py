"""What trials of different models share: transformed rows, and what they mean."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from common.atomic_files import whole_folder
from common.errors import BadDataError
from common.json_files import write_json
from common.names import EVAL, SPLITS, TRAIN, VALIDATION
from models.datasets.in_memory import InMemorySplit
from models.datasets.mapped_files import load_held, save_held
from models.features.inputs import SCENARIO_KEY, InputLayout
from models.initial_biases import starting_rates
from schemas.task_graph import Label, TaskGraph

_FACTS = "facts.json"


def learning_fingerprint(data: str, scenarios: Iterable[str]) -> str:
    """The fingerprint of `TrialData.learning_from`, known without the rows.

    Args:
      data: the fingerprint of all rows.
      scenarios: names of those that are learned from.
    """
    facts = json.dumps([data, sorted(set(scenarios))])
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


@dataclasses.dataclass(frozen=True)
class TrialData:
    """The rows that every trial of a comparison learns from and is judged on.

    Attributes:
      layout: the fields, numbers and scenarios.
      tasks: the labels and their outputs.
      train: the train split, as logged.
      validation: chooses the best epoch; with the defaults of `train_only` columns.
      eval: judges; with the defaults of `train_only` columns.
      groups: split (`eval` or a name in `extra`) -> the user of every row, [N], for GAUC.
      extra: more labelled rows to score, by name.
      by_scenario: whether scenarios have metrics of their own; False for a log without scenarios,
        where the layout's only one stands for all rows.
    """

    layout: InputLayout
    tasks: TaskGraph
    train: InMemorySplit
    validation: InMemorySplit
    eval: InMemorySplit
    groups: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    extra: Mapping[str, InMemorySplit] = dataclasses.field(default_factory=dict)
    by_scenario: bool = True

    def __post_init__(self) -> None:
        """Refuses names that the splits have.

        Raises:
          ValueError: `extra` names rows like a split.
        """
        taken = sorted(set(self.extra) & set(SPLITS))
        if taken:
            raise ValueError(f"extra rows are named {', '.join(taken)}; name them otherwise")

    @property
    def judged(self) -> dict[str, InMemorySplit]:
        """The rows that a trained model scores, by name; `eval` first."""
        return {EVAL: self.eval, **self.extra}

    @property
    def _splits(self) -> dict[str, InMemorySplit]:
        return {TRAIN: self.train, VALIDATION: self.validation, **self.judged}

    @functools.cached_property
    def base_rates(self) -> dict[str, float]:
        """The rates that towers start from, of the train split."""
        return starting_rates(self.tasks, self.train.base_rate)

    def learning_from(self, scenarios: Iterable[str]) -> TrialData:
        """Returns data with the train and validation rows of these scenarios only.

        What judges stays whole, and so does the layout: the model is the same network.

        Args:
          scenarios: their names, one at least.

        Raises:
          ValueError: a name is not one of the layout's, or there is none.
          BadDataError: the train or the validation split has no row of them.
        """
        names = sorted(set(scenarios))
        unknown = [name for name in names if name not in self.layout.scenarios]
        if unknown or not names:
            known = ", ".join(self.layout.scenarios)
            raise ValueError(f"scenarios {unknown} are not among {known}; name one at least")
        ids = [self.layout.scenarios.index(name) for name in names]
        learned = {}
        for split, rows in ((TRAIN, self.train), (VALIDATION, self.validation)):
            positions = np.flatnonzero(np.isin(rows.column(SCENARIO_KEY), ids))
            if not len(positions):
                raise BadDataError(f"no {split} row is of scenario {', '.join(names)}")
            learned[split] = rows.at(positions)
        data = dataclasses.replace(self, train=learned[TRAIN], validation=learned[VALIDATION])
        data.__dict__["fingerprint"] = learning_fingerprint(self.fingerprint, names)
        return data

    @functools.cached_property
    def fingerprint(self) -> str:
        """Digests the content of all rows; 32 hexadecimal digits."""
        digest = hashlib.blake2b(json.dumps(self._facts(), sort_keys=True).encode(), digest_size=16)
        for name, rows in self._splits.items():
            columns = [name, rows.integer_names, rows.float_names, rows.integers.shape]
            columns += [x for x in (rows.integer_lists, rows.float_lists) if x]
            digest.update(json.dumps(columns).encode())
            for array in (rows.integers, rows.floats):
                digest.update(np.ascontiguousarray(array).data)
        for name, groups in sorted(self.groups.items()):
            digest.update(f"{name} {groups.dtype} {len(groups)}".encode())
            digest.update(np.ascontiguousarray(groups).data)
        return digest.hexdigest()

    def _facts(self) -> dict[str, Any]:
        return {
            "layout": dataclasses.asdict(self.layout),
            "labels": [dataclasses.asdict(label) for label in self.tasks.labels],
            "extra": sorted(self.extra),
            "by_scenario": self.by_scenario,
        }

    def save(self, folder: pathlib.Path) -> None:
        """Writes everything into `folder`: whole, or not at all."""
        with whole_folder(folder, replace=True) as unfinished:
            for name, rows in self._splits.items():
                save_held(rows, unfinished / name)
            for name, groups in self.groups.items():
                np.save(unfinished / name / "groups.npy", groups)
            facts = {**self._facts(), "fingerprint": self.fingerprint}
            write_json(unfinished / _FACTS, facts)

    @classmethod
    def load(cls, folder: pathlib.Path) -> TrialData:
        """Maps what `save` wrote into memory.

        Raises:
          FileNotFoundError: nothing was saved there.
        """
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        extra = facts["extra"]
        train, validation, judged = (load_held(folder / name) for name in SPLITS)
        groups = {name: folder / name / "groups.npy" for name in (EVAL, *extra)}
        data = cls(
            layout=InputLayout.from_json(facts["layout"]),
            tasks=TaskGraph(
                tuple(
                    Label(**{**label, "paths": tuple(label["paths"])}) for label in facts["labels"]
                )
            ),
            train=train,
            validation=validation,
            eval=judged,
            groups={n: np.load(p, mmap_mode="r") for n, p in groups.items() if p.is_file()},
            extra={name: load_held(folder / name) for name in extra},
            by_scenario=facts["by_scenario"],
        )
        # Saved with the rows, so that a process need not read them all to know them.
        data.__dict__["fingerprint"] = facts["fingerprint"]
        return data
