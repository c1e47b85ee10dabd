"""Training of the question rewriting model: conversations, model, loop and measures."""
