"""The executor of ReferenceModels."""

from __future__ import annotations

import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from common.json_files import write_json
from common.names import EVAL, SPLITS, TRAIN
from components.common.artifact_reading import contract_of
from components.reference_models.eval_scores import EvalScores, write_eval_scores

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Reads the transformed splits, fits the references, writes their metrics and scores."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Measures the references of every conditional output.

        Raises:
          BadDataError: a split has no file or no row.
        """
        import numpy as np
        import tensorflow_transform as tft

        from components.common.raw_rows import raw_batches, row_ids, thinning
        from components.reference_models.measure import references
        from models.datasets.in_memory import files_of, hold
        from models.features.layout import build_input_layout
        from models.references.table import positions_inside, table_of

        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        transform_output = tft.TFTransformOutput(
            artifact_utils.get_single_uri(input_dict["transform_graph"])
        )
        transform = transform_output.transform_features_layer()
        layout = build_input_layout(contract, transform_output)
        max_rows = exec_properties["max_rows"]
        held, kept = {}, {}
        for split in SPLITS:
            files = files_of([f"{artifact_utils.get_split_uri([examples], split)}/*"])
            rows = examples.get_int_custom_property(f"rows_{split}")
            every = thinning(examples, split, max_rows)
            split_rows = hold(contract, transform, files, serving=split != TRAIN, every=every)
            assert split_rows is not None
            held[split] = split_rows
            kept[split] = {"rows": len(split_rows), "of": rows}
        # The same rows in the same order: `hold` and `raw_batches` thin a split alike.
        batches = raw_batches(contract, (), examples, EVAL, max_rows)
        ids = np.concatenate([row_ids(contract, batch) for batch in batches])
        metrics, scores = {}, {}
        for label in contract.tasks.labels:
            output = contract.tasks.conditional(label.name).name
            found = references(
                contract, layout, *(table_of(held[split], layout, output) for split in SPLITS)
            )
            metrics[output] = found.metrics
            if found.scores:
                inside = positions_inside(held[EVAL], output)
                scores[output] = EvalScores(ids[inside], found.scores)
            _LOG.info("references of %s: %s", output, found.metrics)
        uri = artifact_utils.get_single_uri(output_dict["references"])
        write_json(f"{uri}/references.json", {"rows": kept, "outputs": metrics})
        write_eval_scores(uri, scores)
