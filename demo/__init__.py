"""The whole way on the example accounts, against a mail server of its own: ``python -m demo``, ``make demo``.

``example`` copies the example project, so that the checkout stays clean, and runs its mail servers; ``story`` is
what is shown, step by step, and what each step must come to; ``playground`` leaves such a project to try things out.
"""
