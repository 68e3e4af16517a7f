"""A work folder that an earlier revision made continues to work: docs/upgrades.md.

`make upgrade-test` runs it. The earlier revision runs in an environment of its own, which its own
Makefile makes. Nothing of either side is imported: both are used as people use them, by the
`polyrank` command and by the files of the work folder.
"""

import json

import pytest
from work_folder import NEW, finished, same

pytestmark = pytest.mark.upgrade


def test_the_earlier_run_and_its_version_are_listed(user, old_version):
    process = finished(NEW, "runs", "--work-dir", "work", "--json", cwd=user.folder)
    listed = json.loads(process.stdout.splitlines()[-1])
    first = listed["runs"][0]
    assert (first["status"], first["version"]) == ("pushed", old_version)
    assert listed["versions"][0]["version"] == old_version


def test_the_earlier_version_is_served_with_the_same_scores(old_scores, scores_before):
    assert len(old_scores) == 50 and same(scores_before, old_scores)


def test_a_rerun_reuses_what_it_can_or_says_that_the_cache_starts_afresh(rerun):
    # Where only documentation has changed, the earlier results are as good as new ones.
    assert rerun.starts_afresh == (not rerun.cached)


def test_the_rerun_is_compared_with_the_earlier_version(user, old_version, rerun):
    assert rerun.document["status"] == "refused by gate"
    assert rerun.baseline == old_version


def test_the_next_days_run_takes_the_earlier_version_as_its_baseline(user, old_version, next_run):
    assert next_run.baseline == old_version, next_run.document["reason"]
    assert user.registered()[:2] == [old_version, next_run.document["version"]]
    assert user.is_served(old_version) and user.is_served(next_run.document["version"])


def test_the_cache_works_again_after_the_first_run(next_run):
    assert next_run.cached and not next_run.starts_afresh


def test_the_server_loads_the_next_version(old_scores, scores_after):
    assert len(scores_after) == 50 and set(scores_after[0]) == set(old_scores[0])


def test_the_earlier_version_is_live_again_after_a_rollback(
    user, server, old_version, old_scores, next_run, rollback
):
    assert rollback["rollback_of"] == old_version
    versions = [old_version, next_run.document["version"], rollback["version"]]
    assert user.registered() == versions
    user.scores_once(server, lambda x: same(x, old_scores), "the version that is live again")
