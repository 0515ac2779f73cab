"""Export of the event log: to a file or a syslog receiver as it grows, and all of it by command."""
