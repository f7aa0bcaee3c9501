"""Planning: cases as folders, rules one by one, and what holds for every plan."""
