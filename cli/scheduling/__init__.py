"""Schedules: cron expressions, crontab and systemd timers."""
