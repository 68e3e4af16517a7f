"""Spans for a run whose data folder has none: made by the configuration's adapter."""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil

from rich.console import Console

import data.adapters.kuairand
import data.adapters.movielens
import data.adapters.published
import data.synthetic
from common.settings import SettingsError, parse
from common.source_digest import code_digest
from common.suggestions import nearest
from components.common.digests import files_token
from pipeline.config import PipelineConfig
from pipeline.locations import Locations

_ADAPTERS = ("synthetic", "kuairand", "movielens", *data.adapters.published.PROTOCOLS)


def prepared(config: PipelineConfig, locations: Locations, console: Console) -> PipelineConfig:
    """Returns `config` with a `data.path` that holds spans.

    A path with spans is left alone. Otherwise the adapter reads the path (KuaiRand, MovieLens),
    downloads a log (MovieLens without a path) or makes one (synthetic), and writes spans below
    the work folder, once for the same options.

    Raises:
      SettingsError: there is neither a path nor an adapter that can make one.
    """
    path, adapter = config.data.path, config.data.adapter
    if adapter is None:
        if path is None:
            raise SettingsError("no data: give --data DIR, a folder of span=YYYY-MM-DD folders")
        return config
    if adapter not in _ADAPTERS:
        raise SettingsError(f"unknown data.adapter '{adapter}'; {nearest(adapter, _ADAPTERS)}")
    if path is not None and any(pathlib.Path(path).glob("span=*")):
        return config
    out = pathlib.Path(locations.data_dir) / _folder_name(config)
    if not out.is_dir():
        console.print(f"  making spans with the {adapter} adapter in {out}", soft_wrap=True)
        # Whole or not at all: a run that is stopped in between must not train on fewer days.
        unfinished = out.with_name(f"{out.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_spans(config, unfinished)
        unfinished.rename(out)
    return config.model_copy(update={"data": config.data.model_copy(update={"path": str(out)})})


def _folder_name(config: PipelineConfig) -> str:
    """A name that changes with all that the spans are made from: files, options, our code."""
    source = config.data.path
    facts = [
        source and files_token([source]),
        config.data.adapter_options,
        code_digest(packages=("common", "data", "schemas")),
    ]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    return f"{config.data.adapter}-{digest[:8]}"


def _make_spans(config: PipelineConfig, out: pathlib.Path) -> None:
    adapter, source, options = config.data.adapter, config.data.path, config.data.adapter_options
    where = "data.adapter_options"
    if adapter == "synthetic":
        data.synthetic.write_log(out, parse(data.synthetic.SyntheticConfig, options, where))
    elif adapter == "movielens":
        movielens = parse(data.adapters.movielens.MovielensConfig, options, where)
        data.adapters.movielens.write_log(source, out, movielens)
    elif adapter in data.adapters.published.PROTOCOLS:
        published = parse(data.adapters.published.PublishedConfig, options, where)
        if source is None:
            files = data.adapters.published.PROTOCOLS[adapter].files
            raise SettingsError(f"the {adapter} adapter reads {files}: give --data FOLDER")
        data.adapters.published.write_log(adapter, source, out, published)
    elif source is None:
        raise SettingsError("the kuairand adapter reads KuaiRand's files: give --data FOLDER")
    else:
        data.adapters.kuairand.write_log(pathlib.Path(source), out)
