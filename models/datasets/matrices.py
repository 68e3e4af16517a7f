"""Columns of one type side by side in one matrix: those of one number first, then lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

Names = tuple[str, ...]
Lists = tuple[tuple[str, int], ...]


def packed(
    columns: Mapping[str, tf.Tensor], given: tf.DType, held: tf.DType
) -> tuple[Names, Lists, tf.Tensor]:
    """Puts the columns of one type side by side.

    Args:
      columns: [B] or [B, L], of any types; at least one [B] of the type.
      given: the type of those that are packed.
      held: the type of the matrix.

    Returns:
      The sorted names of columns [B], those of columns [B, L] with their L, and [B, C].
    """
    found = {name: columns[name] for name in sorted(columns) if columns[name].dtype == given}
    names = tuple(name for name, x in found.items() if x.shape.rank == 1)
    lists = tuple((name, x.shape[1]) for name, x in found.items() if x.shape.rank == 2)
    first = tf.stack([tf.cast(found[name], held) for name in names], axis=1)
    matrix = tf.concat([first, *(tf.cast(found[name], held) for name, _ in lists)], axis=1)
    return names, lists, matrix


def unpacked(
    matrix: tf.Tensor, names: Sequence[str], lists: Sequence[tuple[str, int]]
) -> dict[str, tf.Tensor]:
    """Cuts [B, C] into its columns: the opposite of `packed`."""
    if not lists:
        return dict(zip(names, tf.unstack(matrix, axis=1), strict=True))
    sizes = [len(names), *(length for _, length in lists)]
    first, *others = tf.split(matrix, sizes, axis=1)
    return {
        **dict(zip(names, tf.unstack(first, axis=1), strict=True)),
        **{name: part for (name, _), part in zip(lists, others, strict=True)},
    }
