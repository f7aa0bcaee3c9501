"""Rules of the journal: what its entries tell, and what may be erased of them.

Not allowed here: plans, reading or writing state.
"""
