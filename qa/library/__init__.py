"""The library: what it holds, answers to keep, what readers said of answers."""
