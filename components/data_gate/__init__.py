"""DataGate: no row of a log that breaks its contract gets into Transform."""

from components.data_gate.component import DataGate

__all__ = ["DataGate"]
