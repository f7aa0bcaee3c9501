"""What a verification is: depths, checks, their codes, evidence.

Not allowed here: making a check, deciding whether evidence will do.
"""
