"""Commands on consumers: publication, and what each has."""
