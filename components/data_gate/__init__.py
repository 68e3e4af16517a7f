"""DataGate: no row of a log that breaks its contract gets into Transform."""
