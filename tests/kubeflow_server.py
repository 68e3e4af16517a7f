"""The part of Kubeflow Pipelines' REST API (v2beta1) that schedules use, kept in memory.

It answers on the real paths with the real field names and status words, and refuses bodies
that the real one refuses. Pages hold two entries at most.
"""

import email
import email.policy
import itertools
import json
import threading
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/apis/v2beta1/"


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class KubeflowServer:
    def __init__(self, token=None):
        self.token = token
        self.calls = []
        self.pipelines, self.versions, self.experiments = {}, {}, {}
        self.recurring_runs, self.runs, self.uploads = {}, {}, {}
        self.fail_on = None
        self._ids = itertools.count(1)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    def add(self, table, **fields):
        key = f"{table[:-1]}-{next(self._ids)}"
        getattr(self, table)[key] = fields
        return key

    def answer(self, method, path, query, body):
        self.calls.append(f"{method} {path}")
        if self.fail_on == f"{method} {path}":
            raise Refused(500, "Internal error: the database is down")
        table, _, rest = path.partition("/")
        match method, table, rest:
            case "GET", "healthz", "":
                return {"multi_user": False}
            case "GET", "pipelines", "":
                return self._page("pipelines", query)
            case "POST", "pipelines", "upload":
                if any(x["display_name"] == query["name"] for x in self.pipelines.values()):
                    raise Refused(409, "a pipeline of that name exists")
                key = self.add("pipelines", display_name=query["name"])
                self._version(key, query["name"], body)
                return {"pipeline_id": key, **self.pipelines[key]}
            case "POST", "pipelines", "upload_version":
                return self._version(query["pipelineid"], query["name"], body)
            case "GET", "experiments", "":
                return self._page("experiments", query)
            case "POST", "experiments", "":
                key = self.add("experiments", display_name=json.loads(body)["display_name"])
                return {"experiment_id": key, **self.experiments[key]}
            case "GET", ("recurringruns" | "runs"), "":
                name = "recurring_runs" if table == "recurringruns" else "runs"
                return self._page(name, query)
            case "POST", "recurringruns", "":
                return self._recurring_run(json.loads(body))
            case "DELETE", "recurringruns", key:
                del self.recurring_runs[key]
                return {}
            case "POST", "recurringruns", action:
                key, _, word = action.rpartition(":")
                self._set_mode(self.recurring_runs[key], word.upper())
                return {}
        raise Refused(404, f"Not Found: {method} {path}")

    def _version(self, pipeline_id, name, spec):
        if pipeline_id not in self.pipelines:
            raise Refused(404, f"Pipeline {pipeline_id} not found")
        fields = {"pipeline_id": pipeline_id, "display_name": name}
        if fields in self.versions.values():
            raise Refused(409, f"version {name} exists")
        key = self.add("versions", **fields)
        self.uploads[key] = spec
        return {"pipeline_version_id": key, **fields}

    def _recurring_run(self, body):
        reference = body["pipeline_version_reference"]
        version = self.versions.get(reference["pipeline_version_id"], {})
        if version.get("pipeline_id") != reference["pipeline_id"]:
            raise Refused(404, "pipeline version not found")
        if body["experiment_id"] not in self.experiments:
            raise Refused(404, "experiment not found")
        if not 1 <= int(body["max_concurrency"]) <= 10:
            raise Refused(400, "max_concurrency must be in [1, 10]")
        if len(body["trigger"]["cron_schedule"]["cron"].split()) not in (5, 6):
            raise Refused(400, "cron can't be parsed")
        key = self.add("recurring_runs", **body)
        found = self.recurring_runs[key]
        found["max_concurrency"] = str(body["max_concurrency"])
        self._set_mode(found, body["mode"])
        return {"recurring_run_id": key, **found}

    def _set_mode(self, run, mode):
        run["mode"], run["status"] = mode, f"{mode}D"
        enabled = [
            (x["experiment_id"], x["display_name"])
            for x in self.recurring_runs.values()
            if x["status"] == "ENABLED"
        ]
        twice = [name for name, count in Counter(enabled).items() if count > 1]
        assert not twice, f"enabled twice: {twice}"

    def _page(self, table, query):
        found = [{f"{table[:-1]}_id": key, **x} for key, x in getattr(self, table).items()]
        if "filter" in query:
            (predicate,) = json.loads(query["filter"])["predicates"]
            assert predicate["operation"] in ("EQUALS", 1), predicate
            found = [x for x in found if x[predicate["key"]] == predicate["stringValue"]]
        if "experiment_id" in query:
            found = [x for x in found if x["experiment_id"] == query["experiment_id"]]
        start = int(query.get("page_token") or 0)
        after = start + min(2, int(query.get("page_size") or 10))
        token = str(after) if after < len(found) else ""
        # The real one leaves an empty list out, and has this one name in camel case.
        name = "recurringRuns" if table == "recurring_runs" else table
        return {name: found[start:after], "next_page_token": token} if found else {}

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if "multipart" in self.headers.get("Content-Type", ""):
                    body = uploaded_file(self.headers["Content-Type"], body)
                try:
                    if server.token and self.headers["Authorization"] != f"Bearer {server.token}":
                        raise Refused(401, "Unauthorized")
                    if not url.path.startswith(PREFIX):
                        raise Refused(404, "Not Found")
                    path = url.path.removeprefix(PREFIX)
                    status, document = 200, server.answer(self.command, path, query, body)
                except Refused as error:
                    status, document = error.status, {"code": 3, "message": str(error)}
                except (KeyError, ValueError, AssertionError) as error:
                    status, document = 400, {"code": 3, "message": repr(error)}
                payload = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_DELETE = _serve

            def log_message(self, *arguments):
                pass

        return Handler


def uploaded_file(content_type, body):
    """The bytes of the field `uploadfile` of a form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    (part,) = [
        x
        for x in message.iter_parts()
        if x.get_param("name", header="content-disposition") == "uploadfile"
    ]
    return part.get_payload(decode=True)
