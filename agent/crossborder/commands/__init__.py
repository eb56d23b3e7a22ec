"""One module a command; each reads its arguments, calls the application and prints."""
