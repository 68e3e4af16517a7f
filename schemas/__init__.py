"""Data contracts: the tagged schemas, and the code that reads them."""
