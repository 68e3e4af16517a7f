"""What TF_CONFIG may say; what it does with two workers is in test_workers."""

import json

import pytest
import tensorflow as tf

from common.settings import SettingsError
from models.training.distribution import training_devices


def say(monkeypatch, role="worker", index=0, **cluster):
    config = {"cluster": cluster, "task": {"type": role, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


@pytest.mark.parametrize("workers", [(), ("a:1",)])
def test_one_device_without_other_workers(monkeypatch, workers):
    say(monkeypatch, **({"worker": workers} if workers else {}))
    devices = training_devices("auto")
    assert (devices.workers, devices.chief) == (1, True)
    assert devices.strategy.num_replicas_in_sync == 1
    assert devices.agreed(0.1) == 0.1


def test_what_cannot_be_used(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{cluster")
    with pytest.raises(SettingsError, match="TF_CONFIG can't be read"):
        training_devices("auto")
    monkeypatch.setenv("TF_CONFIG", "[1]")
    with pytest.raises(SettingsError, match="TF_CONFIG can't be read: it is no JSON object"):
        training_devices("auto")
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}))
    with pytest.raises(SettingsError, match="names the role ''; want 'chief' and 'worker'"):
        training_devices("auto")
    say(monkeypatch, index=2, worker=["a:1", "b:1"])
    with pytest.raises(SettingsError, match="this is worker 2, and names 2 of that role"):
        training_devices("auto")
    say(monkeypatch, worker=["a:1"], ps=["b:1"])
    with pytest.raises(SettingsError, match="names the role 'ps'; want 'chief' and 'worker'"):
        training_devices("auto")
    say(monkeypatch, worker=["a:1", "b:1"])
    with pytest.raises(SettingsError, match="is 'one', and TF_CONFIG names 2 workers"):
        training_devices("one")
    tf.zeros([])  # As a pipeline has computed something before its Trainer.
    with pytest.raises(SettingsError, match="2 workers needs a process of its own"):
        training_devices("auto")
