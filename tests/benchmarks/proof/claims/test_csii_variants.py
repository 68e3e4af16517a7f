"""How a ranking of what transfers is judged, by hand."""

import numpy as np
import pytest

from benchmarks.proof.claims.csii_variants import ranking_auc


def test_scores_rank_what_transfers() -> None:
    fields = ["user_t", "item_g", "user_s", "context_n", "item_x", "hour"]
    values = np.zeros((3, 3, len(fields)))
    values[...] = [0.9, 0.5, 0.4, 0.3, 0.6, 1.0]
    # To itself everything transfers: not asked. G between groups is not asked either.
    values[np.eye(3, dtype=bool)] = 1
    values[0, 2, 1] = values[2, 0, 1] = values[1, 2, 1] = values[2, 1, 1] = 0
    document = {"axes": [{"name": "field", "entries": fields}], "values": values.tolist()}
    # Six pairs of T above all 18 others, two pairs of G (scenarios 0 and 1) above 12 of 18.
    assert ranking_auc(document, (0, 0, 1)) == pytest.approx((6 * 18 + 2 * 12) / (8 * 18))
