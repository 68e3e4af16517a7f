"""Sends mutated requests to a model server and watches what becomes of it."""

from __future__ import annotations

import collections
import dataclasses
import threading

import grpc
import numpy as np
import tensorflow as tf
from city_model import CITIES, WEIGHTS, expected_logits
from memory import resident
from mutations import PREDICT, Mutator
from tensorflow_serving.apis import predict_pb2

_EVERY = 20
"""Mutated requests from one valid one to the next."""


@dataclasses.dataclass
class Outcome:
    """What was seen.

    Attributes:
      codes: mutated requests by the status that they got.
      samples: the server's memory in MiB, by the number of mutated requests before.
      checked: answers whose scores were compared.
      problems: what should not have been, as text.
    """

    codes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    samples: dict[int, float] = dataclasses.field(default_factory=dict)
    checked: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)


class Fuzzer:
    """Several threads, each with a channel and a seed of its own, share one count of requests."""

    def __init__(
        self, target: str, pid: int, requests: int, samples: int, threads: int = 4
    ) -> None:
        self._target = target
        self._pid = pid
        self._requests = requests
        self._every = requests // samples
        self._threads = threads
        self._lock = threading.Lock()
        self._sent = 0
        self._outcome = Outcome()

    def run(self) -> Outcome:
        """Returns once all requests are answered."""
        threads = [threading.Thread(target=self._send, args=(i,)) for i in range(self._threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self._outcome

    def _send(self, seed: int) -> None:
        mutator = Mutator(seed)
        options = [("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(self._target, options=options) as channel:
            try:
                while self._next():
                    if self._sent % _EVERY == 0:
                        self._ask_valid(channel, mutator)
                    self._ask_mutated(channel, mutator)
            except Exception as error:  # Else the thread would end in silence.
                self._note(f"thread {seed} ended: {error!r}")

    def _next(self) -> bool:
        with self._lock:
            if self._sent == self._requests:
                return False
            self._sent += 1
            if self._sent % self._every == 0:
                self._outcome.samples[self._sent] = resident(self._pid)
            return True

    def _note(self, problem: str) -> None:
        with self._lock:
            self._outcome.problems.append(problem)

    def _call(self, channel: grpc.Channel, method: str, body: bytes) -> bytes:
        # What is large is packed now and then: the server sees it only once it is unpacked.
        packed = len(body) > 2**20 and len(body) % 2 == 0
        return channel.unary_unary(f"/tensorflow.serving.{method}")(
            body, timeout=60, compression=grpc.Compression.Gzip if packed else None
        )

    def _ask_valid(self, channel: grpc.Channel, mutator: Mutator) -> None:
        rows = mutator.rows()
        body = self._call(channel, PREDICT, mutator.predict(rows).SerializeToString())
        outputs = predict_pb2.PredictResponse.FromString(body).outputs
        wanted = expected_logits(*zip(*rows, strict=True))
        got = tf.make_ndarray(outputs["logit"])
        click = tf.make_ndarray(outputs["click"])
        with self._lock:
            self._outcome.checked += 1
        if not np.array_equal(got, wanted):
            self._note(f"a valid request for {rows} got {got}")
        if not np.allclose(click, 1 / (1 + np.exp(-wanted.astype(np.float64))), rtol=1e-5):
            self._note(f"a valid request for {rows} got {click}")

    def _ask_mutated(self, channel: grpc.Channel, mutator: Mutator) -> None:
        method, body = mutator.mutated()
        code, text, answer = "OK", "", b""
        try:
            answer = self._call(channel, method, body)
        except grpc.RpcError as error:
            code, text = error.code().name, error.details()
        with self._lock:
            self._outcome.codes[code] += 1
        if code not in ("OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"):
            self._note(f"{method} of {body[:200]!r} got {code}: {text}")
        if len(text.encode()) > 1024 or "/tmp/" in text:
            self._note(f"{method} of {body[:200]!r} got the text {text}")
        if code == "OK" and method == PREDICT:
            self._compare(body, answer)

    def _compare(self, body: bytes, answer: bytes) -> None:
        """Compares the scores of a mutated request with those of the values that it still has."""
        inputs = predict_pb2.PredictRequest.FromString(body).inputs
        outputs = predict_pb2.PredictResponse.FromString(answer).outputs
        if set(inputs) != {"age", "city"} or "logit" not in outputs:
            return
        # Read with TF Serving's own code, not with ours.
        ages, cities = (
            tf.io.parse_tensor(inputs[name].SerializeToString(), inputs[name].dtype).numpy()
            for name in ("age", "city")
        )
        known = {city.encode(): position for position, city in enumerate(CITIES)}
        rows = [known.get(bytes(city), len(CITIES)) for city in cities]
        with np.errstate(all="ignore"):
            wanted = WEIGHTS[rows] * ages
        got = tf.make_ndarray(outputs["logit"])
        with self._lock:
            self._outcome.checked += 1
        if not np.array_equal(got, wanted, equal_nan=True):
            self._note(f"a mutated request for {cities} and {ages} got {got}")
