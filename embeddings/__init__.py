"""The library side: files to documents, passages, vectors and a stored index."""
