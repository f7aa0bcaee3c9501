"""The models, and the schemas generated from them."""
