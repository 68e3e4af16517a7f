"""LeakAlarm: a feature that alone ranks a label too well stops the run before training."""
