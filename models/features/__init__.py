"""From raw columns to what a model reads: transform graph, parsing, layout, targets."""
