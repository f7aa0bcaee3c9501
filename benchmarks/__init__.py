"""How long plans, start-up, verification and reports take, each against a floor measured in the same run: ``make bench``.

``generate_accounts`` writes projects of any size and is used by tests too; ``measure`` times whole processes;
``__main__`` decides what is compared and prints it.
"""
