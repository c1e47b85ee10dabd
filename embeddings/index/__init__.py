"""The stored index: one database, the vectors made from it, and the search in both."""
