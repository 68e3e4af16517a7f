"""ModelSettings: the architecture and its hyper-parameters as an artifact."""
