"""Guesses what lists are: each with those that are aligned with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.inference.features import id_tag
from data.inference.guesses import Guess
from data.inference.lists import leaving_out, list_names
from data.inference.lists.alignment import aligned, group_name
from data.inference.lists.direction import direction_of
from data.inference.lists.kinds import in_order, is_number, is_vector, weights_of
from data.inference.lists.lengths import length_of
from data.inference.lists.list_column import ListColumn
from data.inference.lists.tables import Table, find_table, has_table
from data.inference.outcomes.relations import Relations
from data.inference.roles.id_roles import MOST_CATEGORIES
from data.inference.sampling.profile import Profile

_BUCKETS = 16
ANY_LENGTH: tuple[int, int | None] = (0, None)


class Lists:
    """Guesses what lists are; the other columns must have been guessed."""

    def __init__(
        self,
        others: Mapping[str, Guess],
        profiles: Mapping[str, Profile],
        relations: Relations,
    ) -> None:
        """Keeps what lists are judged by.

        Args:
          others: column -> the guess, of the columns of one value a row.
          profiles: column -> its values.
          relations: with all roles.
        """
        self._tables = [profiles[name] for name, guess in others.items() if has_table(guess)]
        self._taken = set(profiles)
        self._relations = relations
        self._found: dict[str, Guess] = {}
        self._of: dict[str, Table | None] = {}

    def guess(self, columns: Sequence[ListColumn]) -> dict[str, Guess]:
        """Guesses all lists of the log."""
        judged = [self._judge_alone(column) for column in columns]
        rest = [column for column in judged if column.name not in self._found]
        for together in aligned(rest):
            ids = [column for column in together if not is_number(column)]
            numbers = [column for column in together if is_number(column)]
            if in_order(together, ids):
                self._put_sequences(together)
            else:
                for column in ids:
                    free = [x for x in numbers if x.name not in self._found]
                    self._put_multi_value(column, weights_of(column, ids, free))
                for column in numbers:
                    self._leave_out_number(column, ids)
        return self._found

    def _judge_alone(self, column: ListColumn) -> ListColumn:
        """Puts vectors, and leaves out what needs no other list to be judged.

        Returns:
          The list in the type of the column whose ids it holds.
        """
        vector = is_vector(column)
        reason = leaving_out.says_nothing_new(column, self._relations, vector)
        if reason:
            self._put(column, ("multi_value",), reason, left_out=True)
        elif vector:
            self._put_vector(column)
        else:
            self._of[column.name] = None
            if not is_number(column):
                column, self._of[column.name] = self._with_table(column)
            reason = "" if self._of[column.name] else leaving_out.times(column)
            table, own = self._of[column.name], self._relations.item
            if table is not None and table.column is own:
                reason = leaving_out.holds_its_own_moment(column, own, self._relations)
            if reason:
                self._put(column, (_tag("sequence", column, []),), reason, left_out=True)
        return column

    def _with_table(self, column: ListColumn) -> tuple[ListColumn, Table | None]:
        """The table of a list of ids. One of whole numbers may stand in a column of texts."""
        table = find_table(column, self._tables)
        if column.values.type == "int":
            texts = column.as_texts()
            other = find_table(texts, self._tables)
            if other is not None and (table is None or other.rank > table.rank):
                return texts, other
        return column, table

    def _put(
        self,
        column: ListColumn,
        tags: tuple[str, ...],
        reason: str,
        *,
        left_out: bool = False,
        note: str = "",
        value_count: tuple[int, int | None] = ANY_LENGTH,
        required: bool = False,
        with_side: bool = True,
    ) -> None:
        side = self._relations.side(column.whole)
        tags = (side, *tags) if with_side else tags
        kind = column.values.type or "bytes"
        if tags and tags[-1].startswith("vector"):
            kind = "float"
        reason = f"{column.said}: {reason}" if column.said else reason
        if side != "context" and not left_out:
            reason += f"; the {side} decides it"
        self._found[column.name] = Guess(
            column.name, kind, required, tags, reason, left_out, note=note, value_count=value_count
        )

    def _put_vector(self, column: ListColumn) -> None:
        dim = column.constant_length
        assert dim is not None
        missing = int((column.lengths == 0).sum())
        of_all = "every row has" if not missing else "every list has"
        gaps = f"; it is missing in {missing / len(column.lengths):.2%} of the rows"
        reason = f"a vector: {of_all} {dim} numbers{gaps if missing else ''}"
        tag = _tag("vector", column, [f"dim={dim}"])
        note = f"a vector of {dim} numbers"
        count = (dim, dim)
        self._put(column, (tag,), reason, note=note, value_count=count, required=not missing)

    def _put_sequences(self, columns: Sequence[ListColumn]) -> None:
        length, held = length_of(columns[0].lengths)
        seen = direction_of(columns, self._relations)
        if seen is not None and not seen.newest_last:
            for column in columns:
                reason = f"a sequence with its {seen.said}: reverse its lists, newest last"
                self._put(column, (_tag("sequence", column, []),), reason, left_out=True)
            return
        order = seen.said if seen else "newest last is assumed (else reverse the lists)"
        group: list[str] = []
        why = "its name says what came before"
        if len(columns) > 1:
            name = group_name(columns, self._taken)
            self._taken.add(name)
            group = [f"group={name}"]
            others = ", ".join(f"'{column.name}'" for column in columns)
            why = f"{others} have equally many values in every row: one group"
        for column in columns:
            arguments = [f"length={length}", *group]
            reason = f"a sequence: {why}; oldest first and {order}; {held}"
            if is_number(column):
                arguments.append(f"buckets={_BUCKETS}")
                reason += f"; numbers, cut into {_BUCKETS} quantiles"
            note = f"a sequence, newest last{f' ({group[0]})' if group else ''}"
            self._put_ids("sequence", column, arguments, reason, note)

    def _put_multi_value(self, column: ListColumn, weights: ListColumn | None) -> None:
        length, held = length_of(column.lengths)
        why = (
            "its name says values of equal standing"
            if list_names.says_no_order(column.name)
            else "nothing says an order of its values (if they have one: 'sequence')"
        )
        arguments = [f"length={length}"]
        reason = f"several values: {why}; {held}"
        if weights is not None:
            arguments.append(f"weights={weights.name}")
            reason += f"; '{weights.name}' has as many numbers in every row: their weights"
            said = f"the weights of '{column.name}': as many numbers in every row"
            self._put(weights, (), said, with_side=False)
        self._put_ids("multi_value", column, arguments, reason, "several values of equal standing")

    def _put_ids(
        self, kind: str, column: ListColumn, arguments: list[str], reason: str, note: str
    ) -> None:
        table = self._of.get(column.name)
        if table is not None:
            arguments = [*arguments, f"of={table.column.name}"]
            reason += f"; {table.said}: one table"
            note += f", of '{table.column.name}' ({table.share:.0%} of its values stand there)"
        elif not is_number(column):
            distinct = column.values.distinct
            reason += f"; {distinct:,} distinct values, in a table of its own"
            if distinct > MOST_CATEGORIES:
                arguments = [*arguments, id_tag(column.values).partition(":")[2]]
        self._put(column, (_tag(kind, column, arguments),), reason, note=note)

    def _leave_out_number(self, column: ListColumn, ids: Sequence[ListColumn]) -> None:
        if column.name in self._found:
            return
        reason = leaving_out.numbers(column, ids)
        reason += f"; if its values have an order, tag it 'sequence:buckets={_BUCKETS}'"
        tag = _tag("sequence", column, [f"buckets={_BUCKETS}"])
        self._put(column, (tag,), reason, left_out=True)


def _tag(kind: str, column: ListColumn, arguments: Sequence[str]) -> str:
    text = [f"text={column.text}"] if column.text else []
    return ":".join(filter(None, [kind, ",".join([*arguments, *text])]))
