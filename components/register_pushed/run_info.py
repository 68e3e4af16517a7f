"""What the registry remembers of a run beside the version itself."""

from schemas.settings import Settings


class RunInfo(Settings):
    """Facts of a run that the pipeline knows when it is built.

    Attributes:
      run_id: the run's name.
      spans: the dates it learns from, where they are known beforehand.
      model: the architecture's name.
      schema_digest: sha256 of the contract.
    """

    run_id: str = ""
    spans: tuple[str, ...] = ()
    model: str = ""
    schema_digest: str = ""
