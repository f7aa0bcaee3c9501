"""Rules of applying a saved plan: whether it may be, what is asked of its steps, what settles them, what is recorded.

Not allowed here: judging routes (`rules/secrets`), looking at evidence apart from `rules/verification`.
"""
