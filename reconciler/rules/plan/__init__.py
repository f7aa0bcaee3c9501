"""Rules of making a plan: matching, differences, guards, digests, and what is told of it; applying it is `rules/apply`.

Not allowed here: judging routes (`rules/secrets`), looking at evidence apart from `rules/verification`.
"""
