"""Common to both models: the transformer, steps in mixed precision, the file in ONNX."""
