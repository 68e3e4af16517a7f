"""Down-sampling of negatives: fewer rows to learn from, with weights that make up for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pydantic

from common.settings import Settings
from components.impression_example_gen.example_encoder import encode
from components.impression_example_gen.row_hash import unit_hashes
from components.impression_example_gen.split import EVAL_INDEX, Rows


class SamplingConfig(Settings):
    """Which rows are left out on purpose.

    Attributes:
      negatives_kept: the share of the rows without a positive label that train and validation keep,
        each chosen by a hash of the whole row and weighing 1 / share; eval keeps all. 1: no
        sampling.
      seed: of the hash: another one keeps other rows.
    """

    negatives_kept: float = pydantic.Field(default=1.0, gt=0, le=1)
    seed: int = pydantic.Field(default=0, ge=0, lt=1 << 63)


@dataclasses.dataclass(frozen=True)
class Sampled:
    """What sampling made of a batch of rows.

    Attributes:
      examples: serialized tf.Examples, bytes objects [N]; all carry `Contract.row_id_key`, and
        those of negatives that were kept `Contract.sampling_rate_key`.
      away: the rows that are left out, bool [N].
    """

    examples: np.ndarray
    away: np.ndarray


def sample(config: SamplingConfig, rows: Rows, ids: np.ndarray, splits: np.ndarray) -> Sampled:
    """Chooses rows; the same rows are chosen in every run, and more where the share is larger.

    Args:
      config: the share.
      rows: N rows.
      ids: of the rows, int64 [N]; they have no part in the choice, which is the content's.
      splits: the index into SPLITS of every row, [N].
    """
    columns = {**rows.columns, rows.row_id_key: pa.array(ids)}
    examples = encode(columns)
    if config.negatives_kept == 1:
        return Sampled(examples, np.zeros(len(rows), bool))
    candidates = rows.none_positive & (splits != EVAL_INDEX)
    hashes = unit_hashes(rows.content, config.seed, "sampling")
    kept = candidates & (hashes < config.negatives_kept)
    if kept.any():
        chosen = pa.array(kept)
        rates = np.full(int(kept.sum()), config.negatives_kept, np.float32)
        of_kept = {name: array.filter(chosen) for name, array in columns.items()}
        examples[kept] = encode({**of_kept, rows.sampling_rate_key: pa.array(rates)})
    return Sampled(examples, candidates & ~kept)
