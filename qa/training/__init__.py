"""Training of the span reader: data, model, loop and the packaged result."""
