"""The verification run: from accounts to conversations with servers, many at once, and to evidence.

Not allowed here: judging routes, recording anything.
"""
