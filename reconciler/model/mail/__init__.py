"""Mail as values: contacts, what each would see, what became of each message.

Not allowed here: building headers, sending.
"""
