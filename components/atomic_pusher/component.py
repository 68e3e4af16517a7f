"""TFX's Pusher, which pushes whole versions only."""

from __future__ import annotations

from tfx.dsl.components.base import executor_spec

from common.tfx_compat import Pusher
from components.atomic_pusher.executor import Executor


class AtomicPusher(Pusher):
    """Puts a blessed version where the model server looks, whole or not at all."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
