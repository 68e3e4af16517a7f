"""A recurring run on Kubeflow Pipelines: created, or put in the place of its older self."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import kfp
import kfp_server_api
import urllib3

from common.errors import PolyrankError

_UNFINISHED = ("PENDING", "RUNNING", "CANCELING", "PAUSED")
_NEWEST_RUNS = 100
_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class RecurringRun:
    """What is to run, and when.

    Attributes:
      name: of the recurring run: there is one of a name.
      cron: six fields, in the time zone of Kubeflow's scheduler.
      pipeline: the pipeline's name; of the experiment too.
      version: a name that no version of the pipeline has yet.
      spec_path: the compiled pipeline.
      parameters: what every run passes, by the name of the spec's parameter.
    """

    name: str
    cron: str
    pipeline: str
    version: str
    spec_path: str | os.PathLike[str]
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """What Kubeflow has made: its ids, and those of the recurring runs that are gone."""

    recurring_run_id: str
    pipeline_id: str
    version_id: str
    replaced: tuple[str, ...]


class Kubeflow:
    """Kubeflow Pipelines' API (v2beta1) as far as schedules need it."""

    def __init__(self, host: str, namespace: str | None = None, token: str | None = None) -> None:
        """Connects.

        Args:
          host: such as http://localhost:8888.
          namespace: of the user, where Kubeflow has many.
          token: a bearer token.

        Raises:
          PolyrankError: nothing answers there, or it is not Kubeflow Pipelines, or the token is
            not accepted.
        """
        self._host = host.rstrip("/")
        self._namespace = namespace
        self._check(token)
        with self._errors("connect"):
            # kfp takes "kubeflow" for "none given".
            self._client = kfp.Client(
                host=self._host, namespace=namespace or "kubeflow", existing_token=token
            )

    def schedule(self, run: RecurringRun) -> Scheduled:
        """Uploads the pipeline's version and lets it run, instead of what has the same name.

        Never are two of a name enabled. Whatever fails, the one that was enabled is again.

        Raises:
          PolyrankError: Kubeflow refuses, or a run of the one to replace has not finished.
        """
        with self._errors(f"schedule '{run.name}'"):
            experiment = self._client.create_experiment(run.pipeline, namespace=self._namespace)
            place = experiment.experiment_id
            older = self._recurring_runs(place, run.name)
            # Its documentation says that disabling stops runs, so not before; and one may have
            # started in between.
            self._check_finished(place, run.name, older)
            pipeline_id, version_id = self._upload(run)
            with self._disabled(older):
                self._check_finished(place, run.name, older)
                created = self._client.create_recurring_run(
                    experiment_id=place,
                    job_name=run.name,
                    cron_expression=run.cron,
                    max_concurrency=1,
                    no_catchup=True,
                    pipeline_id=pipeline_id,
                    version_id=version_id,
                    params=dict(run.parameters),
                )
            for old in older:
                self._client.delete_recurring_run(old.recurring_run_id)
        replaced = tuple(old.recurring_run_id for old in older)
        return Scheduled(created.recurring_run_id, pipeline_id, version_id, replaced)

    def _check(self, token: str | None) -> None:
        # kfp.Client would wait for an address that does not answer without a limit.
        url = f"{self._host}/apis/v2beta1/healthz"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with urllib3.PoolManager(timeout=_SECONDS, retries=False) as pool:
                status = pool.request("GET", url, headers=headers).status
        except urllib3.exceptions.HTTPError as error:
            # urllib3 begins with an object's address.
            reason = str(error).rpartition(">: ")[2]
            raise PolyrankError(
                f"--host {self._host} can't be reached: {reason}; want the address of Kubeflow "
                "Pipelines' API, such as http://localhost:8888"
            ) from None
        if status in (401, 403):
            raise PolyrankError(f"--host {self._host} refuses (HTTP {status}): give --token-file")
        if status != 200:
            raise PolyrankError(
                f"--host {self._host} answers HTTP {status} at /apis/v2beta1/healthz; want the "
                "address of Kubeflow Pipelines' API, such as http://localhost:8888"
            )

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Kubeflow's errors as ours; what kfp prints (links) is thrown away."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except kfp_server_api.ApiException as error:
            raise PolyrankError(
                f"{self._host} can't {what}: HTTP {error.status}: {_message(error)}"
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise PolyrankError(f"{self._host} can't {what}: {error}") from None

    def _upload(self, run: RecurringRun) -> tuple[str, str]:
        found = self._client.list_pipelines(
            filter=_named(run.pipeline), namespace=self._namespace
        ).pipelines
        if found:
            pipeline_id = found[0].pipeline_id
        else:
            pipeline_id = self._client.upload_pipeline(
                run.spec_path, run.pipeline, namespace=self._namespace
            ).pipeline_id
        version = self._client.upload_pipeline_version(
            run.spec_path, run.version, pipeline_id=pipeline_id
        )
        return pipeline_id, version.pipeline_version_id

    def _recurring_runs(self, experiment_id: str, name: str) -> list[Any]:
        found: list[Any] = []
        token = ""
        while True:
            page = self._client.list_recurring_runs(
                page_token=token, page_size=100, experiment_id=experiment_id, filter=_named(name)
            )
            found += [x for x in page.recurring_runs or () if x.display_name == name]
            token = page.next_page_token
            if not token:
                return found

    @contextlib.contextmanager
    def _disabled(self, runs: list[Any]) -> Iterator[None]:
        enabled = [run.recurring_run_id for run in runs if run.status == "ENABLED"]
        try:
            for run_id in enabled:
                self._client.disable_recurring_run(run_id)
            yield
        except BaseException:
            for run_id in enabled:
                self._client.enable_recurring_run(run_id)
            raise

    def _check_finished(self, experiment_id: str, name: str, older: list[Any]) -> None:
        """Deleting a recurring run may end its run; were it left, two could overlap."""
        ids = {run.recurring_run_id for run in older}
        newest = self._client.list_runs(
            page_size=_NEWEST_RUNS, sort_by="created_at desc", experiment_id=experiment_id
        ).runs
        for run in newest or ():
            if run.recurring_run_id in ids and run.state in _UNFINISHED:
                raise PolyrankError(
                    f"schedule '{name}' is not replaced: its run '{run.display_name}' "
                    f"({run.run_id}) is {run.state.lower()}; wait for it, or terminate it"
                )


def _named(name: str) -> str:
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _message(error: Any) -> str:
    """The API's own words, of its JSON body where there is one."""
    try:
        document = json.loads(error.body)
        return str(document.get("message") or document.get("error") or error.reason)
    except (TypeError, ValueError, AttributeError):
        return str(error.reason)
