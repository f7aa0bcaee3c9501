"""The JSON documents that commands print.

Not allowed here: anything but values in, documents out.
"""
