"""Browser tests: what people look at, in a real Chromium, with the pages' own policy in force and no network."""
