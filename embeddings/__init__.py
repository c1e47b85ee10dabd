"""The library side: files to documents, passages, vectors and a stored index."""

import os

# ONNX Runtime reads this when it is imported. Otherwise it reports every session to its vendor,
# and stores unsent reports in the user's cache folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
