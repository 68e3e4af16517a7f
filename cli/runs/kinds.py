"""What a folder below `runs` is of: a run of the pipeline or a comparison."""

RUN = "run"
COMPARE = "compare"
STARTED = "started.json"
"""The file that says so before there is a result; a run of the pipeline has none."""
