"""Values of a file in the types of the contract."""
