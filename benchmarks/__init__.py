"""What work takes, each kind beside a floor measured in the same run: ``make bench``.

``work`` holds a module for each kind, which yields ``rows``; ``measure`` times whole processes; ``generate_accounts``
writes projects of any size and is used by tests too; ``__main__`` runs them in order and prints one table.
"""
