"""Values in; text, JSON and CSV out.

Nothing here prints, decides, reads a file or asks the clock. Every text that came from outside (manifests, servers,
state) passes through ``safe`` before it stands in an output; ``documents`` holds the published JSON documents,
``table`` the CSV files, ``text`` what people read.
"""
