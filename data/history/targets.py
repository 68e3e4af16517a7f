"""The files and folders that a call writes, checked before any work."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import numpy as np

from common.errors import BadDataError
from data.log.span_writer import refuse_existing, span_name
from data.log.spans import PREFIX, date_of, list_names, spans


def check_targets(schema: pathlib.Path, targets: Mapping[str, pathlib.Path]) -> None:
    """Checks that each output has a path of its own, which is not that of the schema.

    Args:
      schema: the schema that is read.
      targets: option -> the path that it writes.

    Raises:
      BadDataError: two outputs would be one file, or one would replace the schema.
    """
    taken = {schema.resolve(): f"the schema that is read (--schema {schema})"}
    for option, path in targets.items():
        place = path.resolve()
        if place in taken:
            raise BadDataError(
                f"{option} would write {path}, which is {taken[place]}; name another path "
                f"({option})"
            )
        taken[place] = f"that of {option}"


def refuse_file(path: pathlib.Path, otherwise: str = "") -> None:
    """Raises BadDataError where a file exists already; `otherwise` is what else one can do."""
    if path.exists():
        raise BadDataError(
            f"{path} exists already; {otherwise}name another file, or overwrite (--overwrite)"
        )


def check_same_settings(schema_out: pathlib.Path, text: str, out: pathlib.Path) -> None:
    """Raises BadDataError where the spans that are there already hold other histories.

    Args:
      schema_out: the schema of the spans that are there.
      text: the schema of those to write.
      out: the folder of spans.
    """
    if not schema_out.exists():
        if any(out.glob(f"{PREFIX}*")):
            raise BadDataError(
                f"{out} holds spans, and {schema_out}, which would say what their histories are, "
                "does not exist; write all of them again (--overwrite)"
            )
    elif schema_out.read_text(encoding="utf-8") != text:
        raise BadDataError(
            f"{schema_out} is of another schema or of other settings than these; give those, or "
            "write all spans again (--overwrite)"
        )


def check_writable(
    log: str, out: pathlib.Path, overwrite: bool = False, resume: bool = False
) -> tuple[str, ...]:
    """Says before any work what can't be written.

    Returns:
      The spans that are there already and stay.

    Raises:
      BadDataError: the log has no span, a span exists already and must not be overwritten or can't
        be kept, or `out` has spans that the log does not have.
    """
    dates = spans(list_names(log))
    if out.resolve() == pathlib.Path(log).resolve():
        raise BadDataError(f"{out} is the log itself; write to another folder")
    _refuse_others(out, dates)
    kept = _kept(out, dates) if resume else ()
    refuse_existing([np.datetime64(date) for date in dates[len(kept) :]], out, overwrite)
    return kept


def _refuse_others(out: pathlib.Path, dates: tuple[str, ...]) -> None:
    """Raises BadDataError where `out` holds spans that the log does not have.

    They would stay as they are, of other settings or other events, under the schema of the rest;
    and of a log that has lost its first spans later histories lack what users did in them.
    """
    names = (path.name for path in out.iterdir()) if out.is_dir() else ()
    others = sorted({date for name in names if (date := date_of(name))} - set(dates))
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise BadDataError(
            f"{out} holds {PREFIX}{others[0]}{more}, which the log does not have; give the whole "
            "log, write to another folder, or remove what is left of another log"
        )


def _kept(out: pathlib.Path, dates: tuple[str, ...]) -> tuple[str, ...]:
    """The spans that are there already.

    Raises:
      BadDataError: one of them is later than one that is not there, whose events it lacks.
    """
    there = [(out / span_name(np.datetime64(date))).exists() for date in dates]
    kept = there.index(False) if False in there else len(there)
    if True in there[kept:]:
        later = dates[there.index(True, kept)]
        raise BadDataError(
            f"{out} holds {PREFIX}{later}, whose histories were made without the earlier "
            f"{PREFIX}{dates[kept]}; write all of them again (--overwrite)"
        )
    return dates[:kept]
