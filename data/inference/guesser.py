"""Finds the roles of a log's columns one after another: each rules columns out for the next."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

from common.errors import BadDataError
from data.inference import leaving_out
from data.inference.candidates import Candidate, Chosen, role_reason, said_of_losers
from data.inference.choices import ROLES, Choices
from data.inference.features import Features, id_tag, treatment
from data.inference.guesses import Guess, Guesses
from data.inference.lists.finding import list_column
from data.inference.lists.guessing import Lists
from data.inference.lists.list_column import ListColumn
from data.inference.outcomes.label_values import Label, as_label
from data.inference.outcomes.labels import Labels, find_labels, most_frequent_first, task_graph
from data.inference.outcomes.outcome_names import is_plain_outcome
from data.inference.outcomes.relations import Relations
from data.inference.roles import id_roles, scenario_role, time_role
from data.inference.roles.scenario_values import scenario_values
from data.inference.sampling.one_table import one_array
from data.inference.sampling.profile import Profile
from data.inference.sampling.sample import Sample
from schemas.column import ColumnType


def guess(sample: Sample, choices: Choices | None = None) -> Guesses:
    """Guesses what the columns of a sample are.

    Args:
      sample: the rows.
      choices: the roles that are not to be guessed.

    Raises:
      ChoiceError: a choice names no column.
      BadDataError: a chosen column can't have its role.
    """
    return _Guesser(sample, choices or Choices()).guess()


class _Guesser:
    def __init__(self, sample: Sample, choices: Choices) -> None:
        choices.check_columns(sample.table.column_names)
        self._sample = sample
        self._choices = choices
        untyped = all(part.untyped for part in sample.parts)
        self._columns = [
            Profile(name, one_array(sample.table.column(name)), untyped)
            for name in sample.table.column_names
        ]
        self._by_name = {column.name: column for column in self._columns}
        self._found: dict[str, Guess] = {}
        self._lists: list[ListColumn] = []
        self._relations = Relations(self._columns)

    def guess(self) -> Guesses:
        relations = self._relations
        roles = {"time": self._find_time(), "user": self._find_user()}
        self._set_lists_aside()
        self._leave_out(leaving_out.unreadable)
        self._leave_out(leaving_out.unusable)
        self._find_item()
        self._leave_out(functools.partial(leaving_out.says_nothing_new, relations=relations))
        labels = self._find_labels()
        self._leave_out(functools.partial(leaving_out.afterwards, relations=relations))
        roles["scenario"] = self._find_scenario()
        self._leave_out(functools.partial(leaving_out.leak, relations=relations))
        features = Features(relations.side, relations.is_key, labels.found, self._sample.place)
        for column in self._rest:
            self._found[column.name] = features.guess(column)
        lists = Lists(self._found, self._by_name, relations)
        self._found |= lists.guess(self._lists)
        self._say_who_lost(roles)
        return Guesses(
            tuple(self._found[column.name] for column in self._columns),
            {role: chosen for role, chosen in roles.items() if not self._choices.refuses(role)},
            tuple((column.name, why) for column, why in labels.refused),
            tuple(label.name for label in labels.in_doubt),
        )

    @property
    def _rest(self) -> list[Profile]:
        known = {*self._found, *(column.name for column in self._lists)}
        return [column for column in self._columns if column.name not in known]

    @property
    def _free(self) -> list[Profile]:
        """The columns without a role that no option keeps for another one."""
        chosen = {self._choices.of(role) for role in ROLES} | set(self._choices.labels)
        return [column for column in self._rest if column.name not in chosen]

    def _set_lists_aside(self) -> None:
        """Takes the lists out of the search for roles, which have one value a row."""
        for column in self._free:
            found = list_column(column, self._sample.place)
            if isinstance(found, str):
                self._put(column, (), found, left_out=True)
            elif found is not None:
                self._lists.append(found)

    def _put(
        self,
        column: Profile,
        tags: Sequence[str],
        reason: str,
        *,
        as_type: ColumnType | None = None,
        required: bool | None = None,
        left_out: bool = False,
        served: bool = True,
        values: tuple[str, ...] = (),
        note: str = "",
    ) -> None:
        # A list has no type in a contract; a column left out needs none.
        kind = as_type or column.type or "bytes"
        required = column.missing == 0 if required is None else required
        self._found[column.name] = Guess(
            column.name, kind, required, tuple(tags), reason, left_out, served, values, note
        )

    def _leave_out(self, why: Callable[[Profile], str]) -> None:
        """Leaves out the columns that there is a reason for."""
        for column in self._free:
            reason = why(column)
            if reason:
                unreadable = leaving_out.unreadable(column)
                tags = () if unreadable else treatment(column, self._relations.is_key)
                self._put(column, tags, reason, left_out=True)

    def _chosen(self, role: str, candidate: Candidate) -> Chosen:
        if candidate.failed:
            raise BadDataError(
                f"--{role} '{candidate.column.name}' can't be the {role}: {candidate.failed}; "
                f"{candidate.advice or 'repair the column'}, or name another one, or --{role} none"
            )
        return Chosen(candidate)

    def _find_time(self) -> Chosen:
        name = self._choices.time
        if name is not None and not self._choices.refuses("time"):
            column = self._by_name[name]
            found = self._chosen("time", time_role.as_timestamp(column, self._sample.place))
        else:
            found = time_role.find_timestamp(self._free, self._sample.days, self._sample.place)
        if self._choices.refuses("time"):
            # Its values of tomorrow are in no log of today, whatever its role.
            if found.winner is not None and (found.winner.named or found.winner.column.is_time):
                self._put(found.winner.column, (), time_role.NOT_OF_TODAY, left_out=True)
            return Chosen(None)
        if found.winner is not None:
            column, unit = found.winner.column, found.winner.unit
            self._relations.time = time_role.seconds(column, unit)
            reason = found.winner.reason + said_of_losers(found)
            self._put(column, (f"timestamp:unit={unit}",), reason, served=False)
        return found

    def _find_user(self) -> Chosen:
        name = self._choices.user
        if self._choices.refuses("user"):
            return Chosen(None)
        if name is not None:
            candidate = id_roles.as_user(self._by_name[name], self._id_evidence)
            found = self._chosen("user", candidate)
        else:
            found = id_roles.find_user(self._free, self._id_evidence)
        if found.winner is not None:
            user = self._relations.user = found.winner.column
            reason = role_reason("the user", found.winner) + said_of_losers(found)
            guests, said = id_roles.guests(user, self._sample.place)
            tags = ("user_id", "user", "prior", id_tag(user))
            self._put(user, tags, reason + said, required=not guests.any())
        return found

    def _find_item(self) -> None:
        item = id_roles.find_item(self._free, self._id_evidence)
        if item is not None:
            self._relations.item = item.column
            item_tags = ("item", "prior", id_tag(item.column))
            self._put(item.column, item_tags, role_reason("the item", item))

    @property
    def _id_evidence(self) -> id_roles.Evidence:
        relations = self._relations
        return id_roles.Evidence(relations.is_key, relations.grows, self._sample.place)

    def _find_labels(self) -> Labels:
        chosen = bool(self._choices.labels)
        if chosen:
            labels = Labels(most_frequent_first(map(self._chosen_label, self._choices.labels)))
        else:
            sides = self._relations.side, self._relations.clock
            lost = [
                (self._by_name[name], found.reason)
                for name, found in self._found.items()
                if found.left_out and is_plain_outcome(name)
            ]
            labels = find_labels(self._free, *sides, self._sample.place, lost)
        self._relations.labels = labels.found
        for found in task_graph(labels.found, chosen):
            label = found.label
            self._put(
                label.column, (found.tag,), found.reason, as_type=label.type, served=False,
                required=bool(label.known.all()), note=label.note,
            )  # fmt: skip
        refused = {column: f"{leaving_out.OUTCOME}: {why}" for column, why in labels.refused}
        self._leave_out(lambda column: refused.get(column, ""))
        return labels

    def _chosen_label(self, name: str) -> Label:
        label = as_label(self._by_name[name], self._sample.place, any_number=True)
        if isinstance(label, str):
            raise BadDataError(f"--label '{name}' can't be a label: {label}")
        return label

    def _find_scenario(self) -> Chosen:
        name = self._choices.scenario
        if self._choices.refuses("scenario"):
            return Chosen(None)
        if name is not None:
            candidate = scenario_role.as_scenario(self._by_name[name], self._sample.place)
            found = self._chosen("scenario", candidate)
        else:
            left_out = {name: x.reason for name, x in self._found.items() if x.left_out}
            left_out |= {x.name: "it is a list" for x in self._lists}
            columns = [x for x in self._columns if x in self._free or x.name in left_out]
            relations = self._relations
            leaks = functools.partial(leaving_out.leak, relations=relations)
            evidence = scenario_role.Evidence(
                relations.labels, relations.side, relations.clock, leaks, self._sample.place
            )
            found = scenario_role.find_scenario(columns, left_out, evidence)
        if found.winner is not None:
            column = found.winner.column
            reason = role_reason("the scenario", found.winner) + said_of_losers(found)
            reason += scenario_role.read_as_texts(column)
            tags = ("scenario", "prior:scenario", "categorical", self._relations.side(column))
            values = scenario_values(self._sample, column.name)
            self._put(column, tags, reason, as_type="bytes", values=values)
        return found

    def _say_who_lost(self, roles: dict[str, Chosen]) -> None:
        for role, chosen in roles.items():
            for loser in chosen.losers:
                guess = self._found[loser.column.name]
                reason = f"{guess.reason}; not the {role}: {loser.failed}"
                self._found[guess.column] = dataclasses.replace(guess, reason=reason)
