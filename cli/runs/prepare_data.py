"""Spans for a run whose data folder has none: made by the configuration's adapter."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from common.atomic_files import whole_folder, write_whole
from common.settings import SettingsError, parse
from common.source_digest import code_digest
from components.common.digests import files_token
from data.adapters.adapter import Adapter
from data.adapters.registry import find_adapter, write_spans_with
from data.history.config import HistoryConfig
from data.history.schema_text import schema_of_log
from data.log.files import left_out_lines
from pipeline.config import PipelineConfig
from pipeline.locations import Locations


def prepared(config: PipelineConfig, locations: Locations, console: Console) -> PipelineConfig:
    """Returns `config` with a `data.path` that holds spans.

    A path with spans is left alone. Otherwise the adapter reads the path (KuaiRand, MovieLens),
    downloads a log (MovieLens without a path) or makes one (synthetic), and writes spans below
    the work folder, once for the same options. Where it adds histories, `data.schema_path` is the
    schema with their lists then, next to the spans.

    Raises:
      SettingsError: there is neither a path nor an adapter that can make one; or histories are to
        be added to spans that are there already.
    """
    path, adapter = config.data.path, config.data.adapter
    if adapter is None:
        if path is None:
            raise SettingsError("no data: give --data DIR, a folder of span=YYYY-MM-DD folders")
        return config
    options = _options(config, find_adapter(adapter))
    history = options.get("history")
    if path is not None and any(pathlib.Path(path).glob("span=*")):
        if history is not None:
            raise SettingsError(
                f"data.adapter_options.history: {path} holds spans already, which the {adapter} "
                "adapter leaves as they are; add histories to them with `polyrank data history`"
            )
        return config
    out = pathlib.Path(locations.data_dir) / _folder_name(config, options)
    if not out.is_dir():
        console.print(f"  making spans with the {adapter} adapter in {out}", soft_wrap=True)
        source = pathlib.Path(path) if path is not None else None
        where = "data.adapter_options"
        # Whole or not at all: a run that is stopped in between must not train on fewer days.
        with whole_folder(out) as unfinished:
            left_out = write_spans_with(adapter, source, unfinished, options, where=where)
        for line in left_out_lines(left_out):
            console.print(f"  {line}", soft_wrap=True, markup=False)
    made = {"path": str(out)}
    if history is not None:
        schema = out.with_name(f"{out.name}.pbtxt")
        settings = parse(HistoryConfig, history, "data.adapter_options.history")
        write_whole(schema, schema_of_log(config.data.schema_path, settings, str(out)))
        made["schema_path"] = str(schema)
    return config.model_copy(update={"data": config.data.model_copy(update=made)})


def _folder_name(config: PipelineConfig, options: Mapping[str, Any]) -> str:
    """A name that changes with all that the spans are made from: files, options, our code."""
    paths = [config.data.path, options.get("schema_path")]
    facts = [
        *(path and files_token([path]) for path in paths),
        config.data.adapter_options,
        code_digest(packages=("common", "data", "schemas")),
    ]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    return f"{config.data.adapter}-{digest[:8]}"


def _options(config: PipelineConfig, adapter: Adapter) -> dict[str, Any]:
    options = dict(config.data.adapter_options)
    if "schema_path" in adapter.options.model_fields:
        options.setdefault("schema_path", config.data.schema_path)
    return options
