"""Models: finding, converting, caching and running them; texts to vectors."""
