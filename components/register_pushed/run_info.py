"""What the registry remembers of a run besides the version itself."""

from common.settings import Settings


class RunInfo(Settings):
    """Facts of a run that the pipeline knows when it is built.

    The run's id and its dates are known to the component only while it runs.

    Attributes:
      schema_digest: sha256 of the contract.
      scenarios: of the contract.
    """

    schema_digest: str = ""
    scenarios: tuple[str, ...] = ()
