"""How the word lists in ``data`` were made from public sources; not part of the service."""
