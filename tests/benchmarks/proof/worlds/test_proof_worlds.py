"""The worlds and seeds of claims."""

import pytest

from benchmarks.proof.worlds.kinds import CLAIM_SEEDS, TRUTH_SEEDS, TUNING_SEEDS, WORLDS, log_config


def test_no_seed_has_two_uses() -> None:
    seeds = (*CLAIM_SEEDS, *TRUTH_SEEDS, *TUNING_SEEDS)
    assert len(set(seeds)) == len(seeds)
    assert len(CLAIM_SEEDS) >= 5


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_can_be_drawn(world: str) -> None:
    config = log_config(world, 11, 700)
    assert (config.seed, config.world.seed, config.rows, config.days) == (11, 11, 800, 8)
