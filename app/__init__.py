"""The service: settings, HTTP, command line, and the interpreter they share."""
