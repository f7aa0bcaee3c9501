"""Values in; text, JSON, CSV, Markdown, HTML and XML out.

Nothing here prints, decides, reads a file or asks the clock. Every text that came from outside (manifests, servers,
state) passes through ``safe`` before it stands in an output. ``text`` is what people read in a terminal, ``json`` holds
the published documents, ``csv`` the tables for spreadsheets; ``times`` is how moments read in all of these; ``review``
is a plan as reviewers read it, which ``markdown`` and ``html`` show; ``github`` and ``junit`` are for CI systems.
"""
