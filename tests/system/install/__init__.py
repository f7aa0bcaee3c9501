"""The built package, installed in each way that people install it, with no index: what it holds, and what it says."""
