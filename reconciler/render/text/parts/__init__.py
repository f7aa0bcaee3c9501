"""What every text is made of: columns, tables, colours, grouped changes.

Not allowed here: the text of one command.
"""
