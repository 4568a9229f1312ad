"""The words the whole service shares: commands, plans, groundings, answers and errors."""
