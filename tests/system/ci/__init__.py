"""The pipelines that ``init`` writes: checked by the tools for such files, and run step by step."""
