"""Located YAML: values, places, refusals, limits."""
