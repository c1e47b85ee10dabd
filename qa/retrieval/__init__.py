"""Retrieval: from a question to the passages that are read."""
