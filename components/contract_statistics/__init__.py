"""TFX's StatisticsGen, of the columns that the contract has."""
