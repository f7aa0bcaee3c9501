"""Values in; text, JSON, CSV, Markdown, HTML and XML out.

Nothing here prints, decides, reads a file or asks the clock. Every text that came from outside (manifests, servers,
state) passes through ``safe`` before it stands in an output; ``documents`` holds the published JSON documents,
``table`` the CSV files, ``text`` what people read; ``listed`` is what lists of accounts have in common; ``review`` is a
plan as reviewers read it, which ``markdown`` and ``html`` show; ``annotations`` and ``junit`` are for CI systems.
"""
