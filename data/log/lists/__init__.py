"""Lists of the log: texts that hold them, the rules that they keep, how long they are."""
