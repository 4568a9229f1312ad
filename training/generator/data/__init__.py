"""Word lists and phrases the generator is made of."""
