"""Training of the reader: data, model, loop, calibration and the packaged result."""
