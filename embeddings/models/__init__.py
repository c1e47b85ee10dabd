"""Models: where they lie, how they are served, texts to vectors."""
