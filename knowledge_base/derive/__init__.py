"""How the word lists in ``data`` were made from public sources; nothing here runs in the service."""
