"""The published JSON Schemas, made from the models.

Not allowed here: rules that the models do not have.
"""
