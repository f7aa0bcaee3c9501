"""Rules of a plan: matching, differences, guards, digests, and what a saved plan must still hold.

Not allowed here: judging routes (`rules/secrets`), looking at evidence apart from `rules/verification`.
"""
