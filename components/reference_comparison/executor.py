"""The executor of ReferenceComparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from common.json_files import write_json
from common.names import EVAL, RESULT_FORMAT
from components.common.artifact_reading import contract_of, read_json
from components.reference_models.eval_scores import read_eval_scores
from schemas.contract import Contract

if TYPE_CHECKING:
    from components.reference_comparison.compare import CandidateRows


class Executor(base_executor.BaseExecutor):
    """Scores the reference models' rows by the candidate, as a server does, and compares."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes comparison.json.

        Raises:
          BadDataError: the references are of other rows.
          ModelLoadError: the candidate can't be loaded.
        """
        from components.reference_comparison.compare import compare

        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        references = artifact_utils.get_single_uri(input_dict["references"])
        scores = read_eval_scores(references)
        metrics = read_json(references, "references.json")
        path = path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        rows = (
            _candidate_rows(contract, path, examples, tuple(scores), exec_properties["max_rows"])
            if scores
            else {}
        )
        outputs = {
            output: compare(rows[output], scores[output]) if output in scores else found
            for output, found in metrics["outputs"].items()
        }
        comparison = artifact_utils.get_single_instance(output_dict["comparison"])
        comparison.set_int_custom_property("rows", metrics["rows"][EVAL]["rows"])
        document = {"format": RESULT_FORMAT, "rows": metrics["rows"][EVAL], "outputs": outputs}
        write_json(f"{comparison.uri}/comparison.json", document)


def _candidate_rows(
    contract: Contract, model_path: str, examples: Any, outputs: Sequence[str], max_rows: int
) -> dict[str, CandidateRows]:
    # TensorFlow takes seconds to import, and building a pipeline needs none of these.
    import numpy as np

    from components.common.raw_rows import joined, raw_batches, row_ids
    from components.common.scored_batches import scored_batches
    from components.reference_comparison.compare import CandidateRows
    from models.features.inputs import target_key, weight_key
    from models.features.user_numbers import user_numbers
    from models.metrics.gauc import NO_USER

    user = contract.user_id
    columns = () if user is None else (user,)
    batches = raw_batches(contract, columns, examples, EVAL, max_rows)
    # Not the examples themselves: they are most of the memory.
    parts = [
        (row_ids(contract, batch), batch.columns, scores)
        for batch, scores in scored_batches(model_path, batches, outputs)
    ]
    ids = np.concatenate([ids for ids, _, _ in parts])
    held = joined(columns for _, columns, _ in parts)
    scores = joined(scores for _, _, scores in parts)
    users = (
        np.full(len(ids), NO_USER)
        if user is None
        else user_numbers(user.type, held[user.graph_name])
    )
    return {
        output: CandidateRows(
            ids, held[target_key(output)], held[weight_key(output)], scores[output], users
        )
        for output in outputs
    }
