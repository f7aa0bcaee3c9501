"""Which accounts a consumer is to have, what it cannot carry, and how what it has differs: pure.

Not allowed here: files, commands, formats; whether a secret may go there (``rules.secrets.judgement`` decides).
"""
