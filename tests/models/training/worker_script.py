"""Calls the Trainer's run_fn: `python worker_script.py FN_ARGS`, which is JSON."""

import json
import os
import sys
import types

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

from models.training.run_fn import run_fn

run_fn(types.SimpleNamespace(**json.loads(sys.argv[1])))
