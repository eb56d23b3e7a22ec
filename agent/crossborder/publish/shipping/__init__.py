"""Ships the lines of the event log to other places: the log's own files are the spool."""
