"""A number for every row of a log, by which what two components say of it can be joined.

It is the row's day and its position in the day's span, and so unique in a log and the same in
every run, whatever the window, the split, the sampling and the rows that are refused:

    id = days since 0001-01-01 x 2^40 + the row's position among all rows of the span's files

A file that is added to a span renumbers those behind it.
"""

from __future__ import annotations

import collections
import datetime
from collections.abc import Sequence

from data.log.survey import SurveyedFile

ROWS_A_SPAN = 1 << 40
"""A trillion; with every day of a four-digit year an id has 62 bits."""


def first_row_ids(files: Sequence[SurveyedFile]) -> list[int]:
    """Returns the id of the first row of every file; the file's others follow it one by one.

    Args:
      files: all files of their spans, in the survey's order.
    """
    rows_before: collections.Counter[str] = collections.Counter()
    found = []
    for file in files:
        day = datetime.date.fromisoformat(file.date).toordinal()
        found.append(day * ROWS_A_SPAN + rows_before[file.date])
        rows_before[file.date] += file.rows
    return found
